-- +goose Up
-- What programs keep over the REST API, and what their owners look at when something went wrong.

ALTER TABLE account ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN status TEXT NOT NULL DEFAULT '';

-- secret is sealed.
CREATE TABLE api_key (
  nr      INTEGER PRIMARY KEY AUTOINCREMENT,
  sid     TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  name    TEXT NOT NULL,
  secret  BLOB NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);
CREATE INDEX api_key_account ON api_key (account, nr);

-- document is a hash of the document that described it when it was last changed.
CREATE TABLE application (
  nr            INTEGER PRIMARY KEY AUTOINCREMENT,
  sid           TEXT NOT NULL UNIQUE,
  account       TEXT NOT NULL,
  name          TEXT NOT NULL,
  voice         TEXT NOT NULL,
  texts         TEXT NOT NULL,
  caller_lookup BOOLEAN NOT NULL,
  public        BOOLEAN NOT NULL,
  document      TEXT NOT NULL,
  created       BIGINT NOT NULL,
  updated       BIGINT NOT NULL
);
CREATE INDEX application_account ON application (account, nr);

-- What was said about a number that a document describes. An empty account is a number that was given back.
CREATE TABLE claim (
  nr          INTEGER PRIMARY KEY AUTOINCREMENT,
  number      TEXT NOT NULL UNIQUE,
  account     TEXT NOT NULL,
  name        TEXT NOT NULL,
  voice       TEXT NOT NULL,
  texts       TEXT NOT NULL,
  application TEXT NOT NULL,
  document    TEXT NOT NULL,
  created     BIGINT NOT NULL,
  updated     BIGINT NOT NULL
);

CREATE TABLE caller_id (
  nr      INTEGER PRIMARY KEY AUTOINCREMENT,
  sid     TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  number  TEXT NOT NULL,
  name    TEXT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  UNIQUE (account, number)
);

-- Its sound is in table sound, under the same identifier.
CREATE TABLE recording (
  nr         INTEGER PRIMARY KEY AUTOINCREMENT,
  sid        TEXT NOT NULL UNIQUE,
  account    TEXT NOT NULL,
  call       TEXT NOT NULL,
  conference TEXT NOT NULL,
  source     TEXT NOT NULL,
  track      TEXT NOT NULL,
  channels   BIGINT NOT NULL,
  status     TEXT NOT NULL,
  error_code BIGINT NOT NULL,
  started    BIGINT NOT NULL,
  duration   BIGINT NOT NULL,
  created    BIGINT NOT NULL,
  updated    BIGINT NOT NULL
);
CREATE INDEX recording_account ON recording (account, nr);
CREATE INDEX recording_call ON recording (call, nr) WHERE call <> '';
CREATE INDEX recording_conference ON recording (conference, nr) WHERE conference <> '';
CREATE INDEX recording_created ON recording (created);

-- Requests to owners' servers, as far as they belong to a call. took is in milliseconds.
CREATE TABLE exchange (
  nr           INTEGER PRIMARY KEY AUTOINCREMENT,
  account      TEXT NOT NULL,
  call         TEXT NOT NULL,
  at           BIGINT NOT NULL,
  method       TEXT NOT NULL,
  url          TEXT NOT NULL,
  params       TEXT NOT NULL,
  status       BIGINT NOT NULL,
  took         BIGINT NOT NULL,
  header       TEXT NOT NULL,
  body         TEXT NOT NULL,
  code         BIGINT NOT NULL
);
CREATE INDEX exchange_call ON exchange (call, nr);
CREATE INDEX exchange_at ON exchange (at);

-- exchange is a request and its answer as JSON.
CREATE TABLE notification (
  nr       INTEGER PRIMARY KEY AUTOINCREMENT,
  sid      TEXT NOT NULL UNIQUE,
  account  TEXT NOT NULL,
  call     TEXT NOT NULL,
  warning  BOOLEAN NOT NULL,
  code     BIGINT NOT NULL,
  text     TEXT NOT NULL,
  exchange TEXT NOT NULL,
  at       BIGINT NOT NULL
);
CREATE INDEX notification_account ON notification (account, nr);
CREATE INDEX notification_call ON notification (call, nr) WHERE call <> '';
CREATE INDEX notification_at ON notification (at);

-- Lists of a million calls, by what programs ask for. A call enters an index once: when it starts, or when it is over.
CREATE INDEX call_account_started ON call (account, started, nr) WHERE started <> 0;
CREATE INDEX call_to_started ON call (to_address, started, nr) WHERE started <> 0;
CREATE INDEX call_from_started ON call (from_address, started, nr) WHERE started <> 0;
CREATE INDEX call_account_ended ON call (account, ended, nr) WHERE ended <> 0;
CREATE INDEX call_status ON call (account, status, nr) WHERE ended <> 0;
CREATE INDEX call_status_started ON call (account, status, started, nr) WHERE ended <> 0;
DROP INDEX call_started;
