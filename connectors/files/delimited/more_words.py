"""Column names of further languages, as `words.py` has them for those of the West: data only.

Plain names, one meaning each, compared in the form of `words.normalised`.
"""

from __future__ import annotations

# ruff: noqa: RUF001 - letters of other scripts that look like Latin ones are meant

# Role -> names between bars; all of them are of the best rank of their role.
MORE_NAMES: dict[str, str] = {
    "booking": "дата обработки|дата проводки|дата проведення|grāmatošanas datums|"
    "könyvelés napja|data procesării|data înregistrării|datum knjiženja|记账日期|入账日期|记账日|"
    "記帳日期|入帳日期|記帳日",
    "date": "дата|дата и время|дата операции|дата транзакции|дата совершения операции|"
    "дата операції|дата і час операції|operacijos data|mokėjimo data|datums|kuupäev|dátum|"
    "tranzakció dátuma|data tranzacției|data tranzacție|datum transakce|datum transakcije|"
    "ημερομηνία|ημερομηνία συναλλαγής|תאריך|תאריך עסקה|التاريخ|تاريخ العملية|تاريخ المعاملة|تاریخ|"
    "日期|交易日期|交易时间|交易時間|交易日|日付|取引日|お取引日|年月日|操作日|利用日|ご利用日|"
    "날짜|일자|거래일|거래일자|거래일시|วันที่|วันที่ทำรายการ|ngày|ngày giao dịch|tanggal transaksi|"
    "tarikh|tarikh transaksi|dagsetning",
    "value": "дата валютирования|valiutavimo data|értéknap|data valutei|datum valute|起息日|起算日|"
    "vaxtadagur",
    "amount": "сумма|сумма операции|сумма платежа|сума|сума операції|tranzakció összege|"
    "zaúčtovaná částka|čiastka|iznos|znesek|ποσό|ποσό συναλλαγής|işlem tutarı|סכום|المبلغ|مبلغ|"
    "金额|交易金额|发生额|金額|交易金額|取引金額|入出金|利用金額|ご利用金額|금액|거래금액|จำนวนเงิน|"
    "số tiền|upphæð|amaun",
    "debit": "расход|дебет|списание|сумма списания|витрати|списання|дебит|debetas|išlaidos|debets|"
    "deebet|kiadás|cheltuieli|suma debit|výdaj|odchozí|na vrub|isplata|isplate|duguje|breme|odliv|"
    "χρέωση|χρεώσεις|חובה|مدين|سحب|برداشت|بدهکار|支出|支出金额|支出金額|借方|借方金额|借方发生额|"
    "支取|取出|提款|出金|出金額|出金金額|お引出し|お引出金額|お支払金額|支払金額|"
    "支払い金額|払出金額|お引き出し額|출금|출금액|출금금액|"
    "찾으신금액|ถอน|ถอนเงิน|เงินออก|เดบิต|ghi nợ|số tiền ghi nợ|keluar|út|otto|otot",
    "credit": "приход|кредит|зачисление|сумма зачисления|надходження|зарахування|kreditas|"
    "pajamos|kredīts|kredits|kreedit|bevétel|venituri|suma credit|příjem|příchozí|ve prospěch|"
    "uplata|uplate|potražuje|dobro|priliv|πίστωση|πιστώσεις|זכות|دائن|إيداع|واریز|بستانکار|收入|"
    "收入金额|收入金額|贷方|贷方金额|贷方发生额|存入|存款|入金|入金額|入金金額|"
    "預かり金額|受入金額|お預け入れ額|お預入れ|お預入金額|"
    "お預り金額|預入金額|입금|입금액|입금금액|맡기신금액|ฝาก|ฝากเงิน|เงินเข้า|เครดิต|ghi có|"
    "số tiền ghi có|masuk|pano|panot",
    "direction": "d/k|deebet/kreedit|bevétel/kiadás|terhelés/jóváírás|收/支|收支|借贷|借贷标志|"
    "creditdebet",
    "balance": "остаток|остаток на счете|баланс|залишок|залишок після операції|салдо|likutis|"
    "atlikums|sold|sold contabil|stanje|υπόλοιπο|λογιστικό υπόλοιπο|יתרה|الرصيد|رصيد|مانده|موجودی|"
    "余额|账户余额|本次余额|联机余额|结余|餘額|帳戶餘額|結餘|残高|差引残高|現在高|取引後残高|잔액|거래후잔액|"
    "거래후 잔액|ยอดคงเหลือ|คงเหลือ|số dư|baki|staða|boeksaldo",
    "currency": "валюта|валюта счета|valiuta|valūta|devizanem|tranzakció devizaneme|měna účtu|"
    "νόμισμα|מטבע|العملة|ارز|币种|货币|币别|幣別|通貨|통화|สกุลเงิน|tiền tệ|valutacode|"
    "buchungswährung|billing currency",
    "status": "статус|交易状态|当前状态",
    "payee": "получатель|контрагент|отправитель|одержувач|gavėjas|mokėtojas|gavėjas/mokėtojas|"
    "mokėtojas/gavėjas|saņēmējs|maksātājs|saņēmējs/maksātājs|saaja/maksja|saaja/maksja nimi|"
    "partner neve|beneficiar|nume beneficiar|název protistrany|protistrana|názov protiúčtu|"
    "primatelj|δικαιούχος|שם בית עסק|对方户名|交易对方|对手信息|对方账户名|商户名称|對方戶名|"
    "tegenrekeninghouder|empfänger/zahlungspflichtiger|empfänger/auftraggeber name",
    "description": "описание|описание операции|назначение|назначение платежа|основание|"
    "детали операции|содержание|опис|опис операції|призначення платежу|деталі операції|"
    "paaiškinimai|paaiškinimas|mokėjimo paskirtis|maksājuma mērķis|informācija saņēmējam|"
    "apraksts|selgitus|kirjeldus|leírás|megnevezés|detalii|detalii tranzacție|descriere|"
    "explicații|zpráva|zpráva pro příjemce|účel platby|informácia pre príjemcu|opis transakcije|"
    "svrha|namen|περιγραφή|αιτιολογία|תיאור|תיאור הפעולה|פרטים|الوصف|البيان|التفاصيل|شرح|摘要|"
    "交易摘要|交易描述|交易说明|商品|商品说明|摘要内容|お取扱内容|お取引内容|取引内容|入出金内容|内容|お取り扱い内容|利用店名|"
    "ご利用店名|적요|내용|거래내용|기재내용|รายการ|รายละเอียด|คำอธิบาย|nội dung|nội dung giao dịch|"
    "diễn giải|mô tả|deskripsi|butiran|huraian|skýring|purpose|reason|referens|"
    "vorgang/verwendungszweck",
    "memo": "примечание|комментарий|poznámka|备注|附言|交易附言|備註|备考|メモ|메모",
}  # fmt: skip
# The amount in the account's own currency, beside one in the currency of the purchase.
ACCOUNT_AMOUNTS = (
    "сумма в валюте счета|сумма пересчитанная в валюту счета|сума у валюті картки|"
    "сума в валюті картки|summa konta valūtā|částka v měně účtu|入账金额|入帳金額|记账金额|"
    "实付金额|billing amount|billed amount|amount in account currency|account amount|"
    "betrag in kontowährung"
)
