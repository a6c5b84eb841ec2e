-- +goose Up
-- Short messages that were sent and that came in. A price is in millionths of its currency; '' is not known.
CREATE TABLE message (
  nr         INTEGER PRIMARY KEY AUTOINCREMENT,
  sid        TEXT NOT NULL UNIQUE,
  account    TEXT NOT NULL,
  direction  TEXT NOT NULL,
  from_addr  TEXT NOT NULL,
  to_addr    TEXT NOT NULL,
  body       TEXT NOT NULL,
  segments   BIGINT NOT NULL,
  status     TEXT NOT NULL,
  error_code BIGINT NOT NULL,
  error_text TEXT NOT NULL,
  call       TEXT NOT NULL,
  callback   TEXT NOT NULL,
  carrier    TEXT NOT NULL,
  there      TEXT NOT NULL,
  created    BIGINT NOT NULL,
  updated    BIGINT NOT NULL,
  sent       BIGINT NOT NULL,
  price      BIGINT NOT NULL,
  price_unit TEXT NOT NULL
);
CREATE INDEX message_account ON message (account, nr);
CREATE UNIQUE INDEX message_there ON message (carrier, there) WHERE there <> '';
CREATE INDEX message_open ON message (created) WHERE status IN ('queued', 'sending', 'sent');
