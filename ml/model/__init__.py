"""A small text classifier for rows that no known word explains.

features    what it looks at: hashed character n-grams, amount, sign, account kind, day
generator   the training data, which this project makes itself from names and bank wordings
train       makes the artefact, bit for bit the same each time: python -m mintflow.ml.model.train
classifier  answers from the artefact with numpy; scikit-learn is needed to train only
"""
