-- +goose Up
-- Channels of trunks that are taken, by the processes of all nodes; call names whose call has it. A process that dies
-- leaves its rows behind until the calls are ended that it leaves behind. touched is no more than a row to be locked.
CREATE TABLE channel (
  id    TEXT PRIMARY KEY,
  trunk TEXT NOT NULL,
  node  TEXT NOT NULL,
  fence BIGINT NOT NULL,
  call  TEXT NOT NULL,
  taken BIGINT NOT NULL
);
CREATE INDEX channel_trunk ON channel (trunk);
CREATE INDEX channel_call ON channel (call);
CREATE TABLE channel_lock (
  trunk   TEXT PRIMARY KEY,
  touched BIGINT NOT NULL
);

-- Nodes with calls that wait for a channel of a trunk: how urgent the first of them is, and since when it waits.
CREATE TABLE channel_wait (
  trunk  TEXT NOT NULL,
  node   TEXT NOT NULL,
  fence  BIGINT NOT NULL,
  urgent BIGINT NOT NULL,
  since  BIGINT NOT NULL,
  PRIMARY KEY (trunk, node)
);

-- When a node came to life, or back to it, as a number that only grows; and the newest node that it knows of.
ALTER TABLE node ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE node ADD COLUMN knows BIGINT NOT NULL DEFAULT 0;
