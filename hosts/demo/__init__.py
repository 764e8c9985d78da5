"""A sample household to try MintFlow on: bank files of four years, and the steps of the demo.

household/    two exports of a checking account, two of a credit card, and what its owner calls
              each row; made for this project
household.py  the files, the labels and the budgets
story.py      the steps, through the API and in the order in which a person would take them
"""
