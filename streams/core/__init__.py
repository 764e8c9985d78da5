"""From the log to those who follow it: the pipeline, its tailer, and who waits for them."""
