-- Those who owe, most first: a page of debtors is a range of it, of any standing or of one. MySQL cannot say IF NOT EXISTS of an index, and this may be repeated.
SET @bursar_step = IF(
  EXISTS (SELECT 1 FROM information_schema.statistics
           WHERE table_schema = DATABASE() AND table_name = 'bursar_account' AND index_name = 'bursar_account_owing'),
  'DO 0',
  'CREATE INDEX bursar_account_owing ON bursar_account (book, balance DESC, account, standing)');
PREPARE bursar_step FROM @bursar_step;
EXECUTE bursar_step;
DEALLOCATE PREPARE bursar_step;
