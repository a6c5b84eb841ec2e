-- +goose Up
-- What calls cost. An amount is in millionths of its currency; a currency of '' is a cost that is not known.

ALTER TABLE call ADD COLUMN price BIGINT NOT NULL DEFAULT 0;
ALTER TABLE call ADD COLUMN price_unit TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN price BIGINT NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN price_unit TEXT NOT NULL DEFAULT '';

-- What a carrier asks for each leg that has ended. It stays when the call's own record is deleted.
CREATE TABLE charge (
  call     TEXT NOT NULL,
  leg      BIGINT NOT NULL,
  account  TEXT NOT NULL,
  attempt  TEXT NOT NULL,
  trunk    TEXT NOT NULL,
  at       BIGINT NOT NULL,
  talked   BIGINT NOT NULL,
  amount   BIGINT NOT NULL,
  currency TEXT NOT NULL,
  PRIMARY KEY (call, leg)
);
CREATE INDEX charge_at ON charge (at);

-- At which percentages of which budget it was said, once in each month.
CREATE TABLE budget_said (
  budget  TEXT NOT NULL,
  month   TEXT NOT NULL,
  percent BIGINT NOT NULL,
  PRIMARY KEY (budget, month, percent)
);
