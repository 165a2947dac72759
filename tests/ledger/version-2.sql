-- A ledger as the first releases wrote it, version 2, with one run.
PRAGMA application_id = 1953853029;
PRAGMA user_version = 2;
CREATE TABLE secrets (
    secret BLOB NOT NULL
);
CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    command TEXT NOT NULL,
    git_commit TEXT,
    dirty INTEGER NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    began TEXT NOT NULL,
    ended TEXT,
    outcome TEXT
);
CREATE INDEX runs_by_owner ON runs (owner);
CREATE TABLE intents (
    run INTEGER NOT NULL REFERENCES runs,
    number INTEGER NOT NULL,
    model TEXT NOT NULL,
    step TEXT NOT NULL,
    remote TEXT,
    at TEXT NOT NULL,
    PRIMARY KEY (run, number)
) WITHOUT ROWID;
CREATE TABLE outcomes (
    run INTEGER NOT NULL,
    number INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (run, number),
    FOREIGN KEY (run, number) REFERENCES intents
) WITHOUT ROWID;
CREATE TABLE evaluations (
    evaluation INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs,
    model TEXT NOT NULL,
    remote TEXT NOT NULL,
    gate TEXT NOT NULL,
    passed INTEGER NOT NULL,
    scores TEXT NOT NULL,
    must_pass INTEGER NOT NULL,
    must_pass_failed INTEGER NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX evaluations_by_model ON evaluations (model);
CREATE TABLE costs (
    run INTEGER NOT NULL REFERENCES runs,
    remote TEXT NOT NULL,
    model TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    likely TEXT,
    currency TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (run, remote)
) WITHOUT ROWID;
CREATE TABLE datasets (
    dataset INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    data TEXT NOT NULL,
    rows BLOB NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (owner, data)
);
INSERT INTO secrets VALUES (CAST('ssssssssssssssssssssssssssssssss' AS BLOB));
INSERT INTO runs VALUES (1, 'demo', 'apply', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 0, 'elsewhere', 42, '2026-03-01T09:00:00+00:00', '2026-03-01T10:00:00+00:00', 'ended');
INSERT INTO intents VALUES (1, 1, 'support', 'start', 'tunedModels/support-abcdefghij', '2026-03-01T09:00:01+00:00');
INSERT INTO outcomes VALUES (1, 1, 'done', '', '2026-03-01T09:00:02+00:00');
INSERT INTO evaluations VALUES (1, 1, 'support', 'tunedModels/support-abcdefghij', 'gategateab', 1, '[["exactMatch", 0.9, null, true]]', 0, 0, '2026-03-01T09:30:00+00:00');
INSERT INTO costs VALUES (1, 'tunedModels/support-abcdefghij', 'support', 1000, '1.5', 'USD', '2026-03-01T09:00:02+00:00');
INSERT INTO datasets VALUES (1, 'demo', 'dataaaaaaa', x'696969696969696969696969696969696f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f0000000000000007', '2026-03-01T09:00:02+00:00');
