-- The key under which people act in the dashboard. It has no secret, so that nobody can call the API with it.
ALTER TABLE workspaces ADD COLUMN dashboard_key_id TEXT;

-- Links by which somebody signs in, each once. Of links and sessions alike, only the SHA-256 of the token is kept.
CREATE TABLE dashboard_sign_ins (
    hash {bytes} PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    expires_at BIGINT NOT NULL
);

CREATE TABLE dashboard_sessions (
    hash {bytes} PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- The links that a confirmation is for, as a JSON list of ids, so that a person sees what they approve.
ALTER TABLE confirmations ADD COLUMN ids TEXT;

-- A file of links that was checked and waits, or is being imported. links: what each row asks for, as JSON in the
-- shape of LinkCreate with the row's line; no passwords. state: checked, running, done. done counts rows.
CREATE TABLE dashboard_imports (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    state TEXT NOT NULL,
    links TEXT NOT NULL,
    total BIGINT NOT NULL,
    done BIGINT NOT NULL,
    created BIGINT NOT NULL,
    failures TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX dashboard_imports_by_age ON dashboard_imports (created_at);
