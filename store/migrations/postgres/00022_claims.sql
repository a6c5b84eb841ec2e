-- +goose Up
-- How often something was said over the API about a number: who changes what was said has read this version.

ALTER TABLE claim ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
