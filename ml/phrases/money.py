"""Income, bank fees, interest, taxes, and money that only moves between own accounts."""

from __future__ import annotations

from mintflow.ml.phrases.base import rule

RULES = (
    rule(
        "income.salary",
        """payroll, salary, salaries, wages, wage payment, direct dep payroll, adp payroll,
        gusto pay, paychex, gehalt, gehaltszahlung, lohn, lohnzahlung, lohn gehalt, bezüge,
        besoldung, salaire, virement salaire, paie, nómina, sueldo, salario, stipendio, emolumenti,
        salaris, lön, løn, lønn, lönn, lønnsutbetaling, palkka, wynagrodzenie, pensja, mzda,
        výplata, salário, ordenado, maaş, gaji, зарплата, заработная плата,
        給与, 給料, キュウヨ, 工资""",
        "in",
        1,
    ),
    rule(
        "income.interest",
        """interest, interest paid, interest payment, interest credit, interest earned, zinsen,
        habenzinsen, guthabenzinsen, intérêts, intereses, interessi, creditrente, odsetki""",
        "in",
    ),
    rule(
        "income.refunds",
        """tax refund, tax ref, irs treas 310, steuererstattung, tax rebate, cash back, cashback,
        cashback bonus, cash rewards, remboursement impots""",
        "in",
        1,
    ),
    rule(
        "income.other",
        """dividend, dividends, dividende, dividendo, dividendos, social security, ssa treas,
        soc sec, child benefit, kindergeld, arbeitslosengeld, unemployment benefit,
        deutsche rentenversicherung, state pension, pension payment""",
        "in",
    ),
    rule(
        "financial.bank_fees",
        """bank fee, bank fees, monthly bank fee, monthly service fee, monthly maintenance fee,
        account maintenance fee, account fee, service charge, overdraft, overdraft fee,
        overdraft charge, nsf fee, insufficient funds fee, returned item fee,
        returned payment fee, atm fee, wire fee, wire transfer fee, foreign transaction fee,
        international transaction fee,
        intl transaction fee, non sterling transaction fee, cash advance fee, late fee,
        late payment fee, annual fee, annual membership fee, kontoführung, kontoführungsgebühr,
        kontofuehrung, entgeltabschluss, kontoentgelt, bankgebühren, kartenentgelt, frais bancaires,
        frais de tenue de compte, commission d'intervention, comisión mantenimiento,
        comisiones bancarias, spese tenuta conto, canone conto, tarifa bancária, bankkosten,
        kosten betaalrekening, bankavgift, opłata za prowadzenie, poplatek za vedení""",
    ),
    rule(
        "financial.interest",
        """interest, interest charge, interest charged, purchase interest, finance charge, zinsen,
        sollzinsen, dispozinsen, überziehungszinsen, intérêts débiteurs, intereses,
        interessi passivi, debetrente, odsetki""",
        "out",
    ),
    rule(
        "financial.taxes",
        """irs, usataxpymt, taxpymt, tax pymt, tax payment, income tax, property tax, council tax,
        state tax, franchise tax, franchise tax bd, road tax, taxes, finanzamt, steuern,
        einkommensteuer, kfz steuer, grundsteuer, rundfunkbeitrag, dgfip, impôt, impôts,
        trésor public, taxe foncière, agencia tributaria, impuestos, agenzia entrate,
        agenzia delle entrate, imposta di bollo, hmrc, belastingdienst, skatteverket, skatteetaten,
        urząd skarbowy, canada revenue, revenue canada, australian taxation, receita federal,
        iptu, ipva""",
        "out",
    ),
    rule(
        "transfer",
        """credit card payment, credit card pymt, credit card pmt, credit crd autopay,
        credit card autopay, paying off credit card, pay off credit card, card payment thank you,
        payment thank you, online payment thank you, mobile payment thank you,
        automatic payment thank you, autopay payment thank you, payment received thank you,
        amex epayment, american express ach pmt, discover e payment, capital one mobile pmt,
        crcardpmt, citi card online, cardmember serv, applecard gsbank, kreditkartenabrechnung,
        kreditkartenzahlung, paiement carte de crédit, pago tarjeta de crédito,
        transfer to savings, transfer from savings, transfer to checking, transfer from checking,
        transfer to credit card, internal transfer, own account transfer, account transfer,
        transfer between accounts, transfer between own accounts, umbuchung, eigenübertrag,
        traspaso entre cuentas, virement interne, giroconto, přesun mezi účty""",
        "any",
        1,
    ),
    # These name a bank or a card and yet say nothing about what was paid.
    rule(None, "gift card, giftcard, gift cards, balance transfer fee refund, interest free"),
)
