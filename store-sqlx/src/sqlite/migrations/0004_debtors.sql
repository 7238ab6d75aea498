-- Those who owe, most first: a page of debtors is a range of it, of any standing or of one. It holds nobody who owes nothing.
CREATE INDEX bursar_account_owing ON bursar_account (book, balance DESC, account, standing) WHERE balance > 0;
