"""Money between two accounts of a ledger, which is neither spent nor earned.

transfer.py  what makes two transactions one, and a pair that the user said is none
pairing.py   which two transactions may be one movement, and how surely
"""

from mintflow.domain.transfers.transfer import (
    LegsMustBeOpposite,
    Transfer,
    TransferAmountNotUsable,
    TransferIsEnded,
    TransferNeedsTwoAccounts,
    TransferNotFound,
    TransferRejection,
    rejection_id,
)

__all__ = [
    "LegsMustBeOpposite",
    "Transfer",
    "TransferAmountNotUsable",
    "TransferIsEnded",
    "TransferNeedsTwoAccounts",
    "TransferNotFound",
    "TransferRejection",
    "rejection_id",
]
