"""What is known of merchants and of words on bank statements, as data files, and how it is found.

brands/   names of shops, banks' wording and services, a file per country (facts, collected by hand)
words.txt words of trades in many languages: bakery, Apotheke, bensin
entries   the form of the files
book      finds the entry that tells most about a row

It knows no ledger and learns nothing: the model (ml/model) is asked where nothing here is found.
"""
