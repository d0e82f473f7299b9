SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);
CREATE TABLE public.attempts (
    spent text NOT NULL COLLATE pg_catalog."C",
    until bigint NOT NULL
);
CREATE TABLE public.audit (
    number bigint NOT NULL,
    at bigint NOT NULL,
    store text NOT NULL,
    what text NOT NULL,
    uid text COLLATE pg_catalog."C",
    provider text,
    because text,
    evidence text,
    version text,
    incident text
);
ALTER TABLE public.audit ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.detached (
    uid text NOT NULL COLLATE pg_catalog."C",
    provider text NOT NULL COLLATE pg_catalog."C",
    provider_id text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.drifts (
    store text NOT NULL COLLATE pg_catalog."C",
    provider text NOT NULL COLLATE pg_catalog."C",
    step text NOT NULL COLLATE pg_catalog."C",
    what text NOT NULL COLLATE pg_catalog."C",
    since bigint NOT NULL,
    warning text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.ends (
    number bigint NOT NULL,
    sid text NOT NULL COLLATE pg_catalog."C",
    latest bigint NOT NULL
);
CREATE TABLE public.generations (
    name text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL
);
CREATE TABLE public.identities (
    store text NOT NULL COLLATE pg_catalog."C",
    provider text NOT NULL COLLATE pg_catalog."C",
    provider_id text NOT NULL COLLATE pg_catalog."C",
    uid text NOT NULL COLLATE pg_catalog."C",
    linked bigint NOT NULL,
    because text NOT NULL,
    evidence text,
    version text,
    address text COLLATE pg_catalog."C"
);
CREATE TABLE public.incidents (
    code text NOT NULL COLLATE pg_catalog."C",
    store text NOT NULL COLLATE pg_catalog."C",
    at bigint NOT NULL,
    story text NOT NULL
);
CREATE TABLE public.keys (
    id text NOT NULL COLLATE pg_catalog."C",
    sealed text NOT NULL,
    made bigint NOT NULL,
    state text NOT NULL,
    since bigint NOT NULL
);
CREATE TABLE public.mails (
    recipient text NOT NULL COLLATE pg_catalog."C",
    at bigint NOT NULL,
    proof text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.proofs (
    id text NOT NULL COLLATE pg_catalog."C",
    store text NOT NULL COLLATE pg_catalog."C",
    sealed text NOT NULL,
    code text,
    tries bigint DEFAULT 0 NOT NULL,
    sent bigint DEFAULT 0 NOT NULL,
    who text DEFAULT ''::text NOT NULL,
    toward text,
    until bigint NOT NULL
);
CREATE TABLE public.sessions (
    sid text NOT NULL COLLATE pg_catalog."C",
    uid text NOT NULL COLLATE pg_catalog."C",
    since bigint NOT NULL,
    latest bigint NOT NULL,
    provider text
);
CREATE TABLE public.tallies (
    store text NOT NULL COLLATE pg_catalog."C",
    provider text NOT NULL COLLATE pg_catalog."C",
    step text NOT NULL COLLATE pg_catalog."C",
    what text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    found bigint NOT NULL,
    missed bigint NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.users (
    uid text NOT NULL COLLATE pg_catalog."C",
    store text NOT NULL COLLATE pg_catalog."C",
    email text NOT NULL COLLATE pg_catalog."C",
    email_verified bigint NOT NULL,
    name text,
    picture text,
    locale text,
    first_seen bigint NOT NULL,
    last_seen bigint NOT NULL,
    blocked bigint DEFAULT 0 NOT NULL
);
CREATE TABLE public.wrongs (
    who text NOT NULL COLLATE pg_catalog."C",
    at bigint NOT NULL
);
INSERT INTO public._sqlx_migrations VALUES (1, 'people', '2026-11-28 21:22:11.380465+00', true, '\xa267c42cfd2f3a4c927d4febfbed7f092dc9bfdce71a53a67d91246d9b2bf1182915af5893a6d64584b9e7075f86b23f', 9869120);
INSERT INTO public._sqlx_migrations VALUES (2, 'answers', '2026-11-28 21:22:11.390673+00', true, '\xc1d3593fe6772ccf7829de1cf5f27a2a9ad37019939587ab0045fec162b41e1d1d75d29c5a244da32d0f2c951ce2fa01', 1477083);
INSERT INTO public.attempts VALUES ('809408d3aac72b37f3fb8e632fefeebe', 1767615000);
INSERT INTO public.attempts VALUES ('e7458e5706c39ae6219cce444e486822', 1767615000);
INSERT INTO public.attempts VALUES ('7a4316850902a6aa3ce3c60cbbd9c2a0', 1767615000);
INSERT INTO public.attempts VALUES ('847dd45b09ed2fab6043a7547281c411', 1767615000);
INSERT INTO public.attempts VALUES ('84257ae789e5709e08314b33b12f12c5', 1767615000);
INSERT INTO public.attempts VALUES ('48fbd2a53f1f63283380e7ac4a86e54b', 1767615000);
INSERT INTO public.attempts VALUES ('749f2c09b205966659f4a6cf63d20f39', 1767615000);
INSERT INTO public.attempts VALUES ('88c6bfd9cc67786900db692d71eaaeb0', 1767615000);
INSERT INTO public.attempts VALUES ('a99671dfefef19ce1d85203af630928f', 1767615000);
INSERT INTO public.attempts VALUES ('4dc8eefde599a8356413e87a45f576fd', 1767615000);
INSERT INTO public.attempts VALUES ('1250939df2f5de2c9eb7f627d9b71afc', 1767615000);
INSERT INTO public.attempts VALUES ('e30e0bfc6aab29c3db2fe97e1bae6110', 1767615000);
INSERT INTO public.attempts VALUES ('1949bba0e5ccae504b2eaa21543a5ede', 1767615000);
INSERT INTO public.attempts VALUES ('de6abf374108ea8435dc45d225f8f106', 1767615000);
INSERT INTO public.attempts VALUES ('b033855d39e1a88a4fa1bd47d79eacf8', 1767615000);
INSERT INTO public.attempts VALUES ('ac57d468184b94065f24f2505340a0b9', 1767615000);
INSERT INTO public.attempts VALUES ('3fabc435373a13c8245837356c4e44a4', 1767615000);
INSERT INTO public.attempts VALUES ('e22fca9d7744490a2c368945674e98cf', 1767615000);
INSERT INTO public.attempts VALUES ('0c48476ab8880ff99985bdec20de2c7f', 1767615000);
INSERT INTO public.attempts VALUES ('ac4edc4ab7a73ce0b207d4de80fd509f', 1767615000);
INSERT INTO public.attempts VALUES ('488e95cd76ca69613749d2462366e920', 1767615000);
INSERT INTO public.attempts VALUES ('9a25dc6a5bbc9f933b94ceb6088970bf', 1767615000);
INSERT INTO public.attempts VALUES ('ec22d0fb144cbf96f220e7e94bc6629e', 1767615000);
INSERT INTO public.attempts VALUES ('59f8428cda7a63b52386b5206dc000fd', 1767615000);
INSERT INTO public.attempts VALUES ('e903af3283e556b12e904248aa887660', 1767615000);
INSERT INTO public.attempts VALUES ('0686c216651050f53d4dcc3b1e3e0df7', 1767615000);
INSERT INTO public.attempts VALUES ('23805827d9127e294c7c1049dc62b365', 1767615000);
INSERT INTO public.attempts VALUES ('24f280b1c38935d0851b600b8877b6f5', 1767615000);
INSERT INTO public.attempts VALUES ('42e10df31a1ab2fbfeb243e9022b1d4e', 1767615000);
INSERT INTO public.attempts VALUES ('bb007aba2e63b1bfd9f8e6dadad97e4b', 1767615000);
INSERT INTO public.attempts VALUES ('bdfbaf291b237659fd02febdb80be742', 1767615000);
INSERT INTO public.attempts VALUES ('d1cb0de5731683aefd40a8149d9bc6b9', 1767615000);
INSERT INTO public.attempts VALUES ('fa1ea3549501f44ecf664e851e3ad843', 1767615000);
INSERT INTO public.attempts VALUES ('1636b24fe43c20142976fc218ca9f582', 1767615000);
INSERT INTO public.attempts VALUES ('de2716586c646d08d2e577f50b0ebde1', 1767615000);
INSERT INTO public.attempts VALUES ('bd3e2a785aa81fc49479d3c1294f1c9b', 1767615000);
INSERT INTO public.attempts VALUES ('43f4cd3db0469f54c14613b313df5e62', 1767615000);
INSERT INTO public.attempts VALUES ('0d01bb0ff7dff60498d32eedadd27dc5', 1767615000);
INSERT INTO public.attempts VALUES ('d8ded31390125f5537f7979ce5ea509b', 1767615001);
INSERT INTO public.attempts VALUES ('77b00ffec4869877f4d1d6ff91eab12a', 1767615001);
INSERT INTO public.attempts VALUES ('a95c7832060e167b2dd12a630edc0bbc', 1767615001);
INSERT INTO public.attempts VALUES ('42e9da58499665e2054d34da49ab6a3b', 1767615001);
INSERT INTO public.attempts VALUES ('84ad7789a0c70a37c7de08359b14c12b', 1767615001);
INSERT INTO public.attempts VALUES ('c5a8048861d029b9c444f992a0012914', 1767615001);
INSERT INTO public.attempts VALUES ('1c91928165ff1d658ff0230ab5bb4a75', 1767615001);
INSERT INTO public.attempts VALUES ('eb8faa25e2540f7c163f567999c4bef6', 1767615001);
INSERT INTO public.attempts VALUES ('573a26f762bf4ec7c855497a92d3b76c', 1767615001);
INSERT INTO public.attempts VALUES ('6b2dfeed09e74646c48814737208d011', 1767615001);
INSERT INTO public.attempts VALUES ('9d4c53779f205fc144d257bd28cd2745', 1767615001);
INSERT INTO public.attempts VALUES ('17c9da0f6ee68bc6295570fe4f77aaf0', 1767615001);
INSERT INTO public.attempts VALUES ('5021e5dee4804989e9500fd571c6e130', 1767615001);
INSERT INTO public.attempts VALUES ('1ed918704e0a3acee6791c949c87b0c7', 1767615001);
INSERT INTO public.attempts VALUES ('40174a70d82e6f6eaff90f383a5312ba', 1767615001);
INSERT INTO public.attempts VALUES ('bb39153b515ab6108e5e2e68ba921ae1', 1767615001);
INSERT INTO public.attempts VALUES ('de8ff0fd74f5bfec462fed28e0ff89c2', 1767615001);
INSERT INTO public.attempts VALUES ('f99187c78e783d33728c4d24c69b2aec', 1767615001);
INSERT INTO public.attempts VALUES ('0173c9cf7b6afbf8c700d964c3f9d778', 1767615001);
INSERT INTO public.attempts VALUES ('c74eca768a6ca154981c654a3fe77e17', 1767615001);
INSERT INTO public.attempts VALUES ('2613e6b991b3e9df0534090bb59ed0bb', 1767615001);
INSERT INTO public.attempts VALUES ('6c381635f98a33dc1e68090f180999cf', 1767615001);
INSERT INTO public.attempts VALUES ('bd0bbd0f86aba9c22fe60b11ca9ceb6f', 1767615001);
INSERT INTO public.attempts VALUES ('619cdcaa01bb1454206dfdebeaff5f8e', 1767615001);
INSERT INTO public.attempts VALUES ('7a0afd8bf41dd2b8096bfa4854295552', 1767615961);
INSERT INTO public.attempts VALUES ('f38bc6a5d4296ebb0eb1785954d1ce3c', 1767615961);
INSERT INTO public.attempts VALUES ('f263d37ab109b284a21e2f181baff0f0', 1767615961);
INSERT INTO public.attempts VALUES ('e537b129d7c9bfae898f72cd65d6ac28', 1767615961);
INSERT INTO public.attempts VALUES ('1e07aa255a28b9099414310e5f67bead', 1767615961);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (1, 1767614400, '*', 'keyActive', NULL, NULL, 'broker', NULL, '2pns8FNhujeTtYrFPv1pfg', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (2, 1767614400, 'main', 'login', 'R97w61YotOJRXm3YeUVFyA', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (3, 1767614400, 'main', 'login', '72_ougV9drj2Z5iNFEIGtQ', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (4, 1767614400, 'main', 'login', '72_ougV9drj2Z5iNFEIGtQ', 'feira', 'linked', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (5, 1767614400, 'main', 'login', 'mdEkWaVB3ZcU6UNUM9cyxA', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (6, 1767614400, 'main', 'linked', 'mdEkWaVB3ZcU6UNUM9cyxA', 'feira', 'linkedByThemselves', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (7, 1767614400, 'main', 'login', '-blVap8Vvi4yYvlCwG5VxQ', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (8, 1767614400, 'main', 'login', '-blVap8Vvi4yYvlCwG5VxQ', 'feira', 'linked', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (9, 1767614400, 'main', 'unlinked', '-blVap8Vvi4yYvlCwG5VxQ', 'feira', 'support', NULL, NULL, NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (10, 1767614400, 'main', 'login', 'lnJbkEg55HqEibo08JWyPA', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (11, 1767614400, 'main', 'logout', 'lnJbkEg55HqEibo08JWyPA', 'playground', NULL, NULL, NULL, NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (12, 1767614400, 'main', 'login', '-HCFhofucvvdAKXoUeVEfg', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (13, 1767614400, 'main', 'blocked', '-HCFhofucvvdAKXoUeVEfg', NULL, 'support', NULL, NULL, NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (14, 1767614400, 'main', 'login', 'f5ltu4xsiiGySRxczPjopA', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (15, 1767614400, 'main', 'signedOut', 'f5ltu4xsiiGySRxczPjopA', NULL, 'support', NULL, NULL, NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (16, 1767614400, 'main', 'login', NULL, 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (17, 1767614400, 'main', 'erased', NULL, NULL, 'support', NULL, NULL, NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (18, 1767614400, 'atacado', 'login', 'lMsmHqF8rmzoYfGoheUyPw', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (19, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (20, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (21, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (22, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (23, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (24, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (25, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (26, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (27, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (28, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (29, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (30, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (31, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (32, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (33, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (34, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (35, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (36, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (37, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (38, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (39, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (40, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (41, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (42, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (43, 1767614400, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (44, 1767614401, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (45, 1767614401, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (46, 1767614401, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (47, 1767614401, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (48, 1767614401, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (49, 1767614401, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (50, 1767614401, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (51, 1767614401, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (52, 1767614401, 'main', 'login', 'b5Zth4-cRkp1WJ-5Ct-jQw', 'playground', 'known', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (53, 1767614401, 'main', 'login', 'UM2PBInz046uQdKtjuLtLQ', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (54, 1767614401, 'main', 'login', 'L8P_0UslnrLC_gWRcwE1bQ', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (55, 1767614401, 'main', 'login', 'ktYw6Awwp6rXQi5x824H_A', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (56, 1767614401, 'main', 'login', 'aUX6eiUD4IGLwmfDLTJfGg', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (57, 1767614401, 'main', 'login', 'goIBpv2mYGSf5JPPJRwtvA', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (58, 1767614401, 'main', 'login', 'ghBDbH5YEYewWZpV4D93ZQ', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (59, 1767614401, 'main', 'login', '6utEBtCrL41SzZOe1bgWoQ', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (60, 1767614401, 'main', 'login', 'JZQPWnPvgyW1XoeUth8IlQ', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (61, 1767614401, 'main', 'login', '2ioI2JNds1A2KETAZgl4EQ', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (62, 1767614401, 'main', 'login', '2SFbqBPRZ5vni5IRPcer_Q', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (63, 1767614401, 'main', 'login', 'NIdLy4eJHWRoolyCNxWllw', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (64, 1767614401, 'main', 'login', 'eZdl7RAUgfi_9FmhUYb3aw', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (65, 1767614401, 'main', 'login', 'lHU9BStvWSpm_AbN8eQniQ', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (66, 1767614401, 'main', 'login', 'NjwEHNXL5fE0hF1ly0NTPg', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (67, 1767614401, 'main', 'login', 'SUzwd0jisVLFs01TwHUJaA', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (68, 1767614401, 'main', 'login', 'gRY79BLCH0GvJY0GjSb0Iw', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (69, 1767614401, '*', 'keyPublished', NULL, NULL, 'support', NULL, 'ru4nUtoJFlAV8w4YhJxECg', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (70, 1767615361, '*', 'keyActive', NULL, NULL, 'support', NULL, 'ru4nUtoJFlAV8w4YhJxECg', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (71, 1767615361, '*', 'keyPublished', NULL, NULL, 'support', NULL, '0saI5Hi-_7krU_dgq2eEIg', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (73, 1767615361, 'main', 'failed', NULL, 'playground', 'not_today', NULL, '0Buf_f63hlxFXr5g', '7D7-JVK');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (74, 1767615361, 'main', 'failed', NULL, 'playground', 'unprovenEmail', NULL, '0Buf_f63hlxFXr5g', 'WYK-44P');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (76, 1767615361, 'main', 'refused', '-blVap8Vvi4yYvlCwG5VxQ', 'feira', 'detached', 'claim', '0Buf_f63hlxFXr5g', '3P3-YK5');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (72, 1767615361, 'main', 'login', '5Hu-9yhL8EW4b3WfHeZGsQ', 'playground', 'new', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (75, 1767615361, 'main', 'refused', '-HCFhofucvvdAKXoUeVEfg', 'playground', 'blocked', 'claim', '0Buf_f63hlxFXr5g', NULL);
INSERT INTO public.detached VALUES ('-blVap8Vvi4yYvlCwG5VxQ', 'feira', '9007199254740999');
INSERT INTO public.drifts VALUES ('main', 'playground', 'getUserInfo', 'fact name 4jdDK3FxLv2a', 1767614401, '{"step":"getUserInfo","fact":"name","line":26,"kind":"lost","since":1767614401,"told":1767614401,"shareBefore":1.0,"shareNow":0.0,"path":"$.payload.person.called.given","proposal":null,"sentence":"`name` at `$.payload.person.called.given` was found in 100 % of answers and is found in 0 % now"}');
INSERT INTO public.ends VALUES (1, 'EFw1XTxhzbPgfuh4l7ttJw', 2083838400);
INSERT INTO public.ends VALUES (2, 'BKKQzH384CpkPmVMftE8iw', 2083838400);
INSERT INTO public.ends VALUES (3, 'YG8HC2T8pH1VNfJixZ8O7g', 2083838400);
INSERT INTO public.ends VALUES (4, '7I3yA4_wAhFKLdfjHSZOJQ', 2083838400);
INSERT INTO public.ends VALUES (5, '5HNxVvgKQC7B_oMa9g8-Yg', 2083838400);
INSERT INTO public.ends VALUES (6, 'U5iPbYG2KRFMK6ZHjcs4fg', 2083838400);
INSERT INTO public.generations VALUES ('ends', 6);
INSERT INTO public.generations VALUES ('keys', 4);
INSERT INTO public.identities VALUES ('main', 'playground', '9007199254741002', 'R97w61YotOJRXm3YeUVFyA', 1767614400, 'new', 'claim', '0Buf_f63hlxFXr5g', 'maria.silva+compras@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '9007199254740993', '72_ougV9drj2Z5iNFEIGtQ', 1767614400, 'new', 'claim', '0Buf_f63hlxFXr5g', 'ana@loja.example');
INSERT INTO public.identities VALUES ('main', 'feira', '9007199254740993', '72_ougV9drj2Z5iNFEIGtQ', 1767614400, 'linked', 'claim', '0Buf_f63hlxFXr5g', 'ana@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '9007199254740996', 'mdEkWaVB3ZcU6UNUM9cyxA', 1767614400, 'new', 'claim', '0Buf_f63hlxFXr5g', 'lia@loja.example');
INSERT INTO public.identities VALUES ('main', 'feira', '7226843625424119614', 'mdEkWaVB3ZcU6UNUM9cyxA', 1767614400, 'linkedByThemselves', 'claim', '0Buf_f63hlxFXr5g', 'lia@trabalho.example');
INSERT INTO public.identities VALUES ('main', 'playground', '9007199254740999', '-blVap8Vvi4yYvlCwG5VxQ', 1767614400, 'new', 'claim', '0Buf_f63hlxFXr5g', 'pedro@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '9007199254741000', 'lnJbkEg55HqEibo08JWyPA', 1767614400, 'new', 'claim', '0Buf_f63hlxFXr5g', 'nakamura@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '9007199254741001', '-HCFhofucvvdAKXoUeVEfg', 1767614400, 'new', 'claim', '0Buf_f63hlxFXr5g', 'tess.o''neil@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '9007199254740997', 'f5ltu4xsiiGySRxczPjopA', 1767614400, 'new', 'claim', '0Buf_f63hlxFXr5g', 'layla@loja.example');
INSERT INTO public.identities VALUES ('atacado', 'playground', '9007199254740993', 'lMsmHqF8rmzoYfGoheUyPw', 1767614400, 'new', 'claim', '0Buf_f63hlxFXr5g', 'ana@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '5808256087656598804', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '7680483519652449844', 'UM2PBInz046uQdKtjuLtLQ', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p0@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '7919202325838302539', 'L8P_0UslnrLC_gWRcwE1bQ', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p1@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '7088224076822516199', 'ktYw6Awwp6rXQi5x824H_A', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p2@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '4621819087799442126', 'aUX6eiUD4IGLwmfDLTJfGg', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p3@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '5658010891725733287', 'goIBpv2mYGSf5JPPJRwtvA', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p4@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '8121144621489346302', 'ghBDbH5YEYewWZpV4D93ZQ', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p5@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '6946520613060117757', '6utEBtCrL41SzZOe1bgWoQ', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p6@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '7320381584220197688', 'JZQPWnPvgyW1XoeUth8IlQ', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p7@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '9059249211446136035', '2ioI2JNds1A2KETAZgl4EQ', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p8@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '6727391878251043332', '2SFbqBPRZ5vni5IRPcer_Q', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p9@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '5751589696687951677', 'NIdLy4eJHWRoolyCNxWllw', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p10@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '5171935550481290582', 'eZdl7RAUgfi_9FmhUYb3aw', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p11@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '5861586438833562699', 'lHU9BStvWSpm_AbN8eQniQ', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p12@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '8936171000636615884', 'NjwEHNXL5fE0hF1ly0NTPg', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p13@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '6010588646679695978', 'SUzwd0jisVLFs01TwHUJaA', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p14@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '6057107008794099336', 'gRY79BLCH0GvJY0GjSb0Iw', 1767614401, 'new', 'claim', '0Buf_f63hlxFXr5g', 'p15@loja.example');
INSERT INTO public.identities VALUES ('main', 'playground', '9007199254740998', '5Hu-9yhL8EW4b3WfHeZGsQ', 1767615361, 'new', 'claim', '0Buf_f63hlxFXr5g', 'bia@loja.example');
INSERT INTO public.incidents VALUES ('7D7-JVK', 'main', 1767615361, '{"provider":"playground","file":"providers.d/playground.yaml","version":"0Buf_f63hlxFXr5g","test":false,"by":null,"step":"getAccessCode","code":"not_today","message":"the playground says no, as you asked it to","byProvider":true,"line":10,"column":17,"redirect":null,"callback":[{"key":"ticket","looks":"text","many":460},{"key":"nonce_of_yours","looks":"text","many":32}],"callbackFacts":[{"name":"code","line":15,"looks":"text","many":460,"instead":null}],"exchanges":[{"step":"getAccessCode","line":17,"request":{"method":"POST","url":"http://localhost:8080/playground/token","headers":[["Accept","application/json"],["User-Agent","portaria/0.1.0"],["Content-Type","application/json"]],"body":"{\"app\":{\"called\":\"loja-de-brinquedo\"},\"swap\":{\"ticket\":\"‹code›\",\"proof\":\"‹codeVerifier›\",\"back\":\"http://localhost:8080/callback/playground\"}}"},"answer":{"status":200,"contentType":"application/json","bytes":94,"shape":[{"key":"outcome","below":[{"key":"ok","looks":"yesOrNo"},{"key":"why","looks":"text","many":9},{"key":"says","looks":"text","many":42}]}]},"noAnswer":null,"forgiven":false,"took":1,"facts":[{"name":"accessToken","line":19,"looks":null,"many":null,"instead":null}]}],"learned":[{"fact":"code","step":"getAuthorizationCode"}],"identity":null,"proposals":[]}');
INSERT INTO public.incidents VALUES ('WYK-44P', 'main', 1767615361, '{"provider":"playground","file":"providers.d/playground.yaml","version":"0Buf_f63hlxFXr5g","test":false,"by":null,"step":null,"code":"unprovenEmail","message":"the e-mail address is not proven under the file''s `trustEmail`","byProvider":false,"line":null,"column":null,"redirect":null,"callback":[{"key":"ticket","looks":"text","many":464},{"key":"nonce_of_yours","looks":"text","many":32}],"callbackFacts":[{"name":"code","line":15,"looks":"text","many":464,"instead":null}],"exchanges":[{"step":"getAccessCode","line":17,"request":{"method":"POST","url":"http://localhost:8080/playground/token","headers":[["Accept","application/json"],["User-Agent","portaria/0.1.0"],["Content-Type","application/json"]],"body":"{\"app\":{\"called\":\"loja-de-brinquedo\"},\"swap\":{\"ticket\":\"‹code›\",\"proof\":\"‹codeVerifier›\",\"back\":\"http://localhost:8080/callback/playground\"}}"},"answer":{"status":200,"contentType":"application/json","bytes":313,"shape":[{"key":"outcome","below":[{"key":"ok","looks":"yesOrNo"}]},{"key":"payload","below":[{"key":"keys","below":[{"key":"entry","looks":"text","many":243},{"key":"good_for","looks":"digits","many":3}]}]}]},"noAnswer":null,"forgiven":false,"took":1,"facts":[{"name":"accessToken","line":19,"looks":"text","many":243,"instead":null}]},{"step":"getUserInfo","line":21,"request":{"method":"POST","url":"http://localhost:8080/playground/me","headers":[["Accept","application/json"],["User-Agent","portaria/0.1.0"],["Content-Type","application/json"],["X-Entry","‹accessToken›"]],"body":"{\"wanted\":\"person\"}"},"answer":{"status":200,"contentType":"application/json","bytes":257,"shape":[{"key":"outcome","below":[{"key":"ok","looks":"yesOrNo"}]},{"key":"payload","below":[{"key":"person","below":[{"key":"number","looks":"digits","many":16},{"key":"called","below":[{"key":"given","looks":"text","many":5},{"key":"family","looks":"text","many":7}]},{"key":"reach","below":[{"key":"[]","below":[{"key":"kind","looks":"text","many":9},{"key":"value","looks":"text","many":16},{"key":"checked","looks":"text","many":3}]}]}]}]}]},"noAnswer":null,"forgiven":false,"took":1,"facts":[{"name":"id","line":25,"looks":"digits","many":16,"instead":null},{"name":"name","line":26,"looks":"text","many":13,"instead":null},{"name":"email","line":27,"looks":"address","many":null,"instead":null},{"name":"emailVerified","line":28,"looks":"yesOrNo","many":null,"instead":null}]}],"learned":[{"fact":"code","step":"getAuthorizationCode"},{"fact":"accessToken","step":"getAccessCode"},{"fact":"id","step":"getUserInfo"},{"fact":"name","step":"getUserInfo"},{"fact":"email","step":"getUserInfo"},{"fact":"emailVerified","step":"getUserInfo"}],"identity":null,"proposals":[{"title":"missingEmail: ask","because":"askBecauseUnproven","sentence":"no answer proves the address; with `missingEmail: ask` the person proves it by a code that is sent there","change":{"line":9,"removed":[],"added":["missingEmail: ask"]}}]}');
INSERT INTO public.incidents VALUES ('3P3-YK5', 'main', 1767615361, '{"provider":"feira","file":"providers.d/feira.yaml","version":"0Buf_f63hlxFXr5g","test":false,"by":null,"step":null,"code":"detached","message":"this way in was removed from the person who has the address, so it does not come back by itself; the shopper can use another way and add it again on the page of their account, or prove the address by mail where `mail` is set","byProvider":false,"line":null,"column":null,"redirect":null,"callback":[],"callbackFacts":[],"exchanges":[],"learned":[],"identity":null,"proposals":[]}');
INSERT INTO public.keys VALUES ('2pns8FNhujeTtYrFPv1pfg', 'bCcVPwghKzDOmT6ZdOL_p9XIERB8uLYQcS21J8RXf0NinS0qCzToda9ZLRJi6cG45UlkqS4gKDVjfy2gxYIABUG6b9TQzGA9ONmkXSSy-3l7QWDEQD1L3kLmRMg7dU3tLWQebwE1sde21C826MXZ0NzhKONk2nsIKEqFmee9-XWtioWmeXYyEv-ukm0h3AqlNT264OblyVlexcfdAlvHLecNzR_eHg', 1767614400, 'retiring', 1767615361);
INSERT INTO public.keys VALUES ('ru4nUtoJFlAV8w4YhJxECg', 'B45Y4Gzuq2K_4lMLAacu35VTQjgR7DxyftMEXU4IeB-0jjSDvO9GV68nlHubmMOWPyGHCGV-FRCyeauOiqA2sCIyPzek2CaxuNEi0x73H9Vl3DBct_CfdsKD3rrmM5IKp4OI417QZnQeiXRMFhrFv3Z974KxbJ-AF5GBJclx0NP7bFK_Utt3RdqOrA5Ux2oPV6PKLujyVpoY84yatZ_ziwbCh8BIQw', 1767614401, 'active', 1767615361);
INSERT INTO public.keys VALUES ('0saI5Hi-_7krU_dgq2eEIg', 'asfWrcBunKAkF2THzT5ZEGqwElWOPnQukrEe_wFaaKGJkQ9cxLzTILB-pm1VZGM_vkOMrUssnLB5AoEFqdwPDa19RJQmWZcFqYm7s1R-KntWn_5_jxdpcowQKdyPJBZZqj4qR4UOcVJ4-WaIK-csXFmz7X3vvWFUsXZsBnVF1t9S9yQw54lx6wa5JmO9aicY8NNePKnSSn8KdygrLE3zIr1ByXBC_Q', 1767615361, 'next', 1767615361);
INSERT INTO public.sessions VALUES ('mm9YhxXaMtdPmAuVxU5Nuw', 'R97w61YotOJRXm3YeUVFyA', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('kqnexRApdN6J4uAETCkkQg', '72_ougV9drj2Z5iNFEIGtQ', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('Uc97fXdIz99pNC-iaySBLA', '72_ougV9drj2Z5iNFEIGtQ', 1767614400, 2083838400, 'feira');
INSERT INTO public.sessions VALUES ('a3bxTMfMXevAa9HCjaQBEA', 'mdEkWaVB3ZcU6UNUM9cyxA', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('tCoxkOur16gmvZzVgay_2Q', '-blVap8Vvi4yYvlCwG5VxQ', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('aqj46dsP5uSNObkc7QyPLw', 'lMsmHqF8rmzoYfGoheUyPw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('ZWRgQwWEm4bTsAg496Uziw', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('LHoMVtrIt0iRUPIkCfBRJQ', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('NL9DuwO6A_CSRSAQgTqMAQ', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('cEoJbjb-0Z9wnD6u0WrELw', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('ma21ot965DSpg9MxuHRrVQ', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('pEr3MeSpxD6MYjSSyE2UCA', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('0LUOCAQiAUR-fB215eBW5Q', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('hRYHcluYm8oqd620SrDj0w', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('VsK4aMDYzyNanHe6kJf4pA', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('-6oPDeASWBY_qFm9NLKxkg', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('o33nqq-Z3bF6eKRF2h_Qag', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('GGp8zZyFpT9VTRwHHiA9gQ', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('NujnXrK5oCgo18h-SaVTmg', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('QAbsHCpWpSpID3n-6NN1sw', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('Xw9iiFhmf5WFYQSXeRZ33A', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('lRihcuLjpa7HYqKznmvxfg', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('HpXDAhv-ywk8ZsE9b3Dm7g', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('y_F5ecEXYXsIUo4kjbYR5Q', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('mojAz3CZtKPnrQS65rL7Bw', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('mdxNJ265V8gEZJISxlXXqQ', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('Hty2a7RNV3KwRmjX_NgOkw', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('F-iz9Fyz6mrC1eQnE_MIlQ', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('CGmrXM2DFPfHMjBM80X9bg', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('LCdh3GsdLesUX_7PZxI1YQ', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('JnLw1TP2JzErlA_aeAg7lw', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614400, 2083838400, 'playground');
INSERT INTO public.sessions VALUES ('U8iQhS2g_h-DASF1_YZjbg', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('dfSsylPXMkztMqZEQGGbPg', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('_LXifaLF0Da0f60bTpKd1g', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('KP-OrWuZ8SRleAdQQ-gH6w', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('dnnLYL6ShOpAKM8Qc5swCw', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('E49ZZ4iO9BGfaeobvrJ59A', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('LBS18xt0vGWBUsWZh95tSQ', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('p7kghcgrBHK6ovH6duX5TQ', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('75ABNzg0in2seexGSU9qbw', 'b5Zth4-cRkp1WJ-5Ct-jQw', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('gEGdipWLCeMnsW9MLFF5Rw', 'UM2PBInz046uQdKtjuLtLQ', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('7ItZO-jdd4mLEykLX53nlw', 'L8P_0UslnrLC_gWRcwE1bQ', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('IgdWZmsAakT6pjeTYleFCA', 'ktYw6Awwp6rXQi5x824H_A', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('R9O2s52GdN2PjfEJF4o5nA', 'aUX6eiUD4IGLwmfDLTJfGg', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('UzQcw7ynaOxMz4RPc91_qg', 'goIBpv2mYGSf5JPPJRwtvA', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('zFSXgPZD7yXkaK5cHnPVFw', 'ghBDbH5YEYewWZpV4D93ZQ', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('2jduByjeBvSf2pYVOI_6DQ', '6utEBtCrL41SzZOe1bgWoQ', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('Iw1TZQy3ptrPOHVKCimoDQ', 'JZQPWnPvgyW1XoeUth8IlQ', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('1MOpwyUMqiEQ7udHxXmU3w', '2ioI2JNds1A2KETAZgl4EQ', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('ahoGo9hKvEc0AuEtB3c81A', '2SFbqBPRZ5vni5IRPcer_Q', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('HbYNTdvYNHFCijszRDLBOA', 'NIdLy4eJHWRoolyCNxWllw', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('deoj1xrsSX1ftRTj9XBOnQ', 'eZdl7RAUgfi_9FmhUYb3aw', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('GuBmlemybBADrihQ_d7Cqw', 'lHU9BStvWSpm_AbN8eQniQ', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('CQ8Vovn5ww6ypDJzBAnH8w', 'NjwEHNXL5fE0hF1ly0NTPg', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('7d-PLELMXOfB3LKp6796Jg', 'SUzwd0jisVLFs01TwHUJaA', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('9ji1ucd8EUWJ1j7ZTjyrUQ', 'gRY79BLCH0GvJY0GjSb0Iw', 1767614401, 2083838401, 'playground');
INSERT INTO public.sessions VALUES ('2YOToWQWcLSWf7MQYuL6Dg', '5Hu-9yhL8EW4b3WfHeZGsQ', 1767615361, 2083839361, 'playground');
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'callback', 'fact code YMWg6S3arFVD', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getAccessCode', 'answer', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getAccessCode', 'fact accessToken Abm12_yap971', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getAccessCode', 'kind accessToken $.payload.keys.entry', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getAccessCode', 'kind accessToken $.payload.keys.entry', 'text', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getAccessCode', 'shape ["outcome","ok"]', 'bool', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getAccessCode', 'shape ["outcome"]', 'object', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getAccessCode', 'shape ["payload","keys","entry"]', 'text', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getAccessCode', 'shape ["payload","keys","good_for"]', 'number', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getAccessCode', 'shape ["payload","keys"]', 'object', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getAccessCode', 'shape ["payload"]', 'object', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getAccessCode', 'shape []', 'object', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'answer', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'fact email 6RSmSjXB4seD', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'fact emailVerified euAUVYiPxEBo', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'fact id Dr6RlYsbjzVy', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'fact name 4jdDK3FxLv2a', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'kind email $.payload.person.reach[?@.kind == "mail"].value', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'kind email $.payload.person.reach[?@.kind == "mail"].value', 'text', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'kind emailVerified $.payload.person.reach[?@.kind == "mail"].checked', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'kind emailVerified $.payload.person.reach[?@.kind == "mail"].checked', 'text', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'kind id $.payload.person.number', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'kind id $.payload.person.number', 'number', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'kind name $.payload.person.called.family', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'kind name $.payload.person.called.family', 'text', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'kind name $.payload.person.called.given', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'kind name $.payload.person.called.given', 'text', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'path emailVerified $.payload.person.reach[?@.kind == "mail"].checked', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'path name $.payload.person.called.family', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'path name $.payload.person.called.given', '', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'shape ["outcome","ok"]', 'bool', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'shape ["outcome"]', 'object', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'shape ["payload","person","called","family"]', 'text', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'shape ["payload","person","called","given"]', 'text', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'shape ["payload","person","called"]', 'object', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'shape ["payload","person","number"]', 'number', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'shape ["payload","person","reach","[]","checked"]', 'text', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'shape ["payload","person","reach","[]","kind"]', 'text', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'shape ["payload","person","reach","[]","value"]', 'text', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'shape ["payload","person","reach","[]"]', 'object', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'shape ["payload","person","reach"]', 'list', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'shape ["payload","person"]', 'object', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'shape ["payload"]', 'object', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('atacado', 'playground', 'getUserInfo', 'shape []', 'object', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'callback', 'fact code YMWg6S3arFVD', '', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getAccessCode', 'answer', '', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getAccessCode', 'fact accessToken Abm12_yap971', '', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getAccessCode', 'kind accessToken $.payload.keys.entry', '', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getAccessCode', 'kind accessToken $.payload.keys.entry', 'text', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getAccessCode', 'shape ["outcome","ok"]', 'bool', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getAccessCode', 'shape ["outcome"]', 'object', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getAccessCode', 'shape ["payload","keys","entry"]', 'text', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getAccessCode', 'shape ["payload","keys","good_for"]', 'number', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getAccessCode', 'shape ["payload","keys"]', 'object', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getAccessCode', 'shape ["payload"]', 'object', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getAccessCode', 'shape []', 'object', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'answer', '', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'fact email 6RSmSjXB4seD', '', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'fact emailVerified euAUVYiPxEBo', '', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'fact id Dr6RlYsbjzVy', '', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'fact name 4jdDK3FxLv2a', '', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'kind email $.payload.person.reach[?@.kind == "mail"].value', '', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'kind email $.payload.person.reach[?@.kind == "mail"].value', 'text', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'kind emailVerified $.payload.person.reach[?@.kind == "mail"].checked', '', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'kind emailVerified $.payload.person.reach[?@.kind == "mail"].checked', 'text', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'kind id $.payload.person.number', '', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'kind id $.payload.person.number', 'number', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'kind name $.payload.person.called.family', '', 3, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'kind name $.payload.person.called.family', 'text', 3, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'kind name $.payload.person.called.given', '', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'kind name $.payload.person.called.given', 'text', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'path emailVerified $.payload.person.reach[?@.kind == "mail"].checked', '', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'path name $.payload.person.called.family', '', 3, 1, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'path name $.payload.person.called.given', '', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'shape ["outcome","ok"]', 'bool', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'shape ["outcome"]', 'object', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'shape ["payload","person","called","family"]', 'empty', 1, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'shape ["payload","person","called","family"]', 'text', 3, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'shape ["payload","person","called","given"]', 'text', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'shape ["payload","person","called"]', 'object', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'shape ["payload","person","number"]', 'number', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'shape ["payload","person","reach","[]","checked"]', 'text', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'shape ["payload","person","reach","[]","kind"]', 'text', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'shape ["payload","person","reach","[]","value"]', 'text', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'shape ["payload","person","reach","[]"]', 'object', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'shape ["payload","person","reach"]', 'list', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'shape ["payload","person"]', 'object', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'shape ["payload"]', 'object', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'feira', 'getUserInfo', 'shape []', 'object', 4, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'callback', 'fact code YMWg6S3arFVD', '', 62, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getAccessCode', 'answer', '', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getAccessCode', 'fact accessToken Abm12_yap971', '', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getAccessCode', 'kind accessToken $.payload.keys.entry', '', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getAccessCode', 'kind accessToken $.payload.keys.entry', 'text', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getAccessCode', 'shape ["outcome","ok"]', 'bool', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getAccessCode', 'shape ["outcome"]', 'object', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getAccessCode', 'shape ["payload","keys","entry"]', 'text', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getAccessCode', 'shape ["payload","keys","good_for"]', 'number', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getAccessCode', 'shape ["payload","keys"]', 'object', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getAccessCode', 'shape ["payload"]', 'object', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getAccessCode', 'shape []', 'object', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'answer', '', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'fact email 6RSmSjXB4seD', '', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'fact emailVerified euAUVYiPxEBo', '', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'fact id Dr6RlYsbjzVy', '', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'fact name 4jdDK3FxLv2a', '', 42, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'kind email $.payload.person.reach[?@.kind == "mail"].value', '', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'kind email $.payload.person.reach[?@.kind == "mail"].value', 'text', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'kind emailVerified $.payload.person.reach[?@.kind == "mail"].checked', '', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'kind emailVerified $.payload.person.reach[?@.kind == "mail"].checked', 'text', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'kind id $.payload.person.number', '', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'kind id $.payload.person.number', 'number', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'kind name $.payload.person.called.family', '', 7, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'kind name $.payload.person.called.family', 'text', 7, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'kind name $.payload.person.called.given', '', 41, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'kind name $.payload.person.called.given', 'text', 41, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'path emailVerified $.payload.person.reach[?@.kind == "mail"].checked', '', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'path name $.payload.person.called.family', '', 7, 35, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'path name $.payload.person.called.given', '', 41, 1, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape ["outcome","ok"]', 'bool', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape ["outcome"]', 'object', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape ["payload","person","called","family"]', 'empty', 51, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape ["payload","person","called","family"]', 'text', 10, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape ["payload","person","called","given"]', 'empty', 17, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape ["payload","person","called","given"]', 'text', 44, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape ["payload","person","called"]', 'object', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape ["payload","person","number"]', 'number', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape ["payload","person","reach","[]","checked"]', 'text', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape ["payload","person","reach","[]","kind"]', 'text', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape ["payload","person","reach","[]","value"]', 'text', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape ["payload","person","reach","[]"]', 'object', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape ["payload","person","reach"]', 'list', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape ["payload","person"]', 'object', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape ["payload"]', 'object', 61, 0, 1767615420);
INSERT INTO public.tallies VALUES ('main', 'playground', 'getUserInfo', 'shape []', 'object', 61, 0, 1767615420);
INSERT INTO public.users VALUES ('R97w61YotOJRXm3YeUVFyA', 'main', 'maria.silva+compras@loja.example', 1, 'Maria Silva', NULL, NULL, 1767614400, 1767614400, 0);
INSERT INTO public.users VALUES ('72_ougV9drj2Z5iNFEIGtQ', 'main', 'ana@loja.example', 1, 'Ana Prova', NULL, NULL, 1767614400, 1767614400, 0);
INSERT INTO public.users VALUES ('mdEkWaVB3ZcU6UNUM9cyxA', 'main', 'lia@loja.example', 1, '🦊 Lia Raposa 🎈', NULL, NULL, 1767614400, 1767614400, 0);
INSERT INTO public.users VALUES ('UM2PBInz046uQdKtjuLtLQ', 'main', 'p0@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('-blVap8Vvi4yYvlCwG5VxQ', 'main', 'pedro@loja.example', 1, 'Pedro da Ladeira do Moinho Velho e da Ribeira das Laranjeiras do Campo Aberto da Encosta do Sol Nascente e dos Montes Azuis de Além do Rio que Nunca Seca nem no Verão Comprido da Serra das Sete Fontes', NULL, NULL, 1767614400, 1767614400, 0);
INSERT INTO public.users VALUES ('lnJbkEg55HqEibo08JWyPA', 'main', 'nakamura@loja.example', 1, 'Nakamura', NULL, NULL, 1767614400, 1767614400, 0);
INSERT INTO public.users VALUES ('-HCFhofucvvdAKXoUeVEfg', 'main', 'tess.o''neil@loja.example', 1, 'Tess O''Neil "Quote"', NULL, NULL, 1767614400, 1767614400, 1);
INSERT INTO public.users VALUES ('f5ltu4xsiiGySRxczPjopA', 'main', 'layla@loja.example', 1, 'ليلى المثال', NULL, NULL, 1767614400, 1767614400, 0);
INSERT INTO public.users VALUES ('L8P_0UslnrLC_gWRcwE1bQ', 'main', 'p1@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('lMsmHqF8rmzoYfGoheUyPw', 'atacado', 'ana@loja.example', 1, 'Ana Prova', NULL, NULL, 1767614400, 1767614400, 0);
INSERT INTO public.users VALUES ('ktYw6Awwp6rXQi5x824H_A', 'main', 'p2@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('aUX6eiUD4IGLwmfDLTJfGg', 'main', 'p3@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('goIBpv2mYGSf5JPPJRwtvA', 'main', 'p4@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('ghBDbH5YEYewWZpV4D93ZQ', 'main', 'p5@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('6utEBtCrL41SzZOe1bgWoQ', 'main', 'p6@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('JZQPWnPvgyW1XoeUth8IlQ', 'main', 'p7@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('2ioI2JNds1A2KETAZgl4EQ', 'main', 'p8@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('2SFbqBPRZ5vni5IRPcer_Q', 'main', 'p9@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('NIdLy4eJHWRoolyCNxWllw', 'main', 'p10@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('eZdl7RAUgfi_9FmhUYb3aw', 'main', 'p11@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('lHU9BStvWSpm_AbN8eQniQ', 'main', 'p12@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('NjwEHNXL5fE0hF1ly0NTPg', 'main', 'p13@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('SUzwd0jisVLFs01TwHUJaA', 'main', 'p14@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('gRY79BLCH0GvJY0GjSb0Iw', 'main', 'p15@loja.example', 1, NULL, NULL, NULL, 1767614401, 1767614401, 0);
INSERT INTO public.users VALUES ('5Hu-9yhL8EW4b3WfHeZGsQ', 'main', 'bia@loja.example', 1, '<b>Bia</b> &amp; <i>Filhos</i>', NULL, NULL, 1767615361, 1767615361, 0);
INSERT INTO public.users VALUES ('b5Zth4-cRkp1WJ-5Ct-jQw', 'main', 'p@loja.example', 1, 'Rui', NULL, NULL, 1767614400, 1767614401, 0);
SELECT pg_catalog.setval('public.audit_number_seq', 76, true);
ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (spent);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.detached
    ADD CONSTRAINT detached_pkey PRIMARY KEY (uid, provider, provider_id);
ALTER TABLE ONLY public.drifts
    ADD CONSTRAINT drifts_pkey PRIMARY KEY (store, provider, step, what);
ALTER TABLE ONLY public.ends
    ADD CONSTRAINT ends_pkey PRIMARY KEY (number, sid);
ALTER TABLE ONLY public.generations
    ADD CONSTRAINT generations_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_pkey PRIMARY KEY (store, provider, provider_id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.keys
    ADD CONSTRAINT keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.proofs
    ADD CONSTRAINT proofs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (sid);
ALTER TABLE ONLY public.tallies
    ADD CONSTRAINT tallies_pkey PRIMARY KEY (store, provider, step, what, kind);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (uid);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_store_email_key UNIQUE (store, email);
CREATE INDEX attempts_until ON public.attempts USING btree (until);
CREATE INDEX audit_at ON public.audit USING btree (at);
CREATE INDEX audit_of ON public.audit USING btree (uid);
CREATE INDEX ends_until ON public.ends USING btree (latest);
CREATE INDEX identities_of ON public.identities USING btree (uid);
CREATE INDEX incidents_at ON public.incidents USING btree (at);
CREATE UNIQUE INDEX keys_one_active ON public.keys USING btree (state) WHERE (state = 'active'::text);
CREATE UNIQUE INDEX keys_one_next ON public.keys USING btree (state) WHERE (state = 'next'::text);
CREATE INDEX mails_at ON public.mails USING btree (at);
CREATE INDEX mails_to ON public.mails USING btree (recipient, at);
CREATE INDEX proofs_until ON public.proofs USING btree (until);
CREATE INDEX sessions_of ON public.sessions USING btree (uid);
CREATE INDEX sessions_until ON public.sessions USING btree (latest);
CREATE INDEX tallies_at ON public.tallies USING btree (at);
CREATE INDEX wrongs_at ON public.wrongs USING btree (at);
CREATE INDEX wrongs_by ON public.wrongs USING btree (who, at);
ALTER TABLE ONLY public.detached
    ADD CONSTRAINT detached_uid_fkey FOREIGN KEY (uid) REFERENCES public.users(uid) ON DELETE CASCADE;
ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_uid_fkey FOREIGN KEY (uid) REFERENCES public.users(uid) ON DELETE CASCADE;
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_uid_fkey FOREIGN KEY (uid) REFERENCES public.users(uid) ON DELETE CASCADE;
