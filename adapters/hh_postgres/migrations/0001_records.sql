-- Documents by kind and key. Keys are ordered by code point, so that pages are the same everywhere.
create table records (
    kind text not null,
    key text collate "C" not null,
    value jsonb not null check (jsonb_typeof(value) = 'object'),
    version bigint not null,
    primary key (kind, key)
);
