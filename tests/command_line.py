"""The command line as a test drives it: in this process, over a database of the test's own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from mintflow.hosts.cli.app import build_app


@dataclass(frozen=True)
class CommandLine:
    """`mintflow … --data data`."""

    data: Path

    def __call__(self, *words: str, exit_code: int = 0) -> Result:
        """Run a command and check how it ended."""
        result = CliRunner().invoke(build_app(), [*words, "--data", str(self.data)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == exit_code, f"{result.stdout}\n{result.stderr}"
        return result

    def json(self, *words: str, exit_code: int = 0) -> Any:
        """The one document that a command prints with --json."""
        return json.loads(self(*words, "--json", exit_code=exit_code).stdout)


CSV = """Date,Description,Amount,Balance
2026-01-02,COFFEE SHOP,-4.50,95.50
2026-01-02,COFFEE SHOP,-4.50,91.00
2026-01-05,PAYROLL,1000.00,1091.00
2026-01-31,RENT,-700.00,391.00
"""
LATER_CSV = """Date,Description,Amount,Balance
2026-01-31,RENT,-700.00,391.00
2026-02-03,GROCERY STORE,-30.25,360.75
"""
CARD_OFX = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
ENCODING:USASCII
CHARSET:1252

<OFX><CREDITCARDMSGSRSV1><CCSTMTTRNRS><TRNUID>1<CCSTMTRS><CURDEF>EUR
<CCACCTFROM><ACCTID>4111</CCACCTFROM><BANKTRANLIST><DTSTART>20260101<DTEND>20260131
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260106<TRNAMT>-22.92<FITID>A1<NAME>Bistro</STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>-22.92<DTASOF>20260131</LEDGERBAL>
</CCSTMTRS></CCSTMTTRNRS></CREDITCARDMSGSRSV1></OFX>
"""
