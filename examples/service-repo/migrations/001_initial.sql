CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    role TEXT NOT NULL DEFAULT 'passenger' CHECK (role IN ('passenger', 'crew', 'office'))
);

CREATE TABLE crossings (
    id INTEGER PRIMARY KEY,
    departs TEXT NOT NULL,
    quay TEXT NOT NULL,
    seats_left INTEGER NOT NULL CHECK (seats_left >= 0)
);

CREATE TABLE bookings (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    crossing_id INTEGER NOT NULL REFERENCES crossings (id),
    passenger TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    pence INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'paid', 'refunded'))
);

CREATE INDEX bookings_by_crossing ON bookings (crossing_id);
