"""What happens after an append: following the log, in this process or through Kafka."""
