-- +goose Up
-- How the sound of a call fared on its way, as JSON: packets heard, lost and late, jitter, round trip.

ALTER TABLE call ADD COLUMN sound TEXT NOT NULL DEFAULT '{}';
ALTER TABLE attempt ADD COLUMN sound TEXT NOT NULL DEFAULT '{}';
