-- Those who owe, most first: a page of debtors is a range of it. It holds nobody who owes nothing.
CREATE INDEX bursar_account_owing ON bursar_account (book, balance DESC, account) WHERE balance > 0;
