-- +goose Up
-- Every column that is added to a table has a default, so that the release before, whose statements name
-- their columns, can be put back and goes on writing (docs/upgrading.md).

ALTER TABLE incident ADD COLUMN word TEXT NOT NULL DEFAULT '';
ALTER TABLE incident ADD COLUMN word_by TEXT NOT NULL DEFAULT '';
ALTER TABLE incident ADD COLUMN drill BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE attempt ADD COLUMN purpose TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN inbound BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE attempt ADD COLUMN answered_by TEXT NOT NULL DEFAULT '';

-- The kill switch: one row while it is on.
CREATE TABLE hold (
  nr         BIGINT PRIMARY KEY,
  since      BIGINT NOT NULL,
  held_until BIGINT NOT NULL,
  held_by    TEXT NOT NULL,
  why        TEXT NOT NULL
);

CREATE TABLE sound (
  id     TEXT PRIMARY KEY,
  kind   TEXT NOT NULL,
  wav    BYTEA,
  stored BIGINT NOT NULL
);

-- Who proved to be at which address, the last time.
CREATE TABLE verification (
  person   TEXT NOT NULL,
  address  TEXT NOT NULL,
  at       BIGINT NOT NULL,
  asked_by TEXT NOT NULL,
  tap      BIGINT NOT NULL,
  dnd      BOOLEAN NOT NULL,
  PRIMARY KEY (person, address)
);

-- The number of the oldest of these files that a program has to know to work with the tables as they are.
-- A file that takes something away, or gives it another meaning, sets it to its own number.
INSERT INTO counter (name, value) VALUES ('tables', 1);
