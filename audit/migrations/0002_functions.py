"""The function that the triggers call, and the guard of what it writes.

TG_ARGV: the key's column, secret columns, columns whose change alone is none.
"""

from django.db import migrations

KEEP = """
CREATE FUNCTION audit_keep_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ignored text[] := string_to_array(TG_ARGV[2], ',');
    origin jsonb := coalesce(nullif(current_setting('salesops.origin', true), ''), '{"via": "direct"}')::jsonb;
    secret text;
    before jsonb;
    after jsonb;
    is_new boolean;
BEGIN
    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - ignored; END IF;
    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - ignored; END IF;
    IF before = after THEN RETURN NULL; END IF;
    FOREACH secret IN ARRAY string_to_array(TG_ARGV[1], ',') LOOP
        is_new := before ->> secret IS DISTINCT FROM after ->> secret;
        IF before ->> secret <> '' THEN before := jsonb_set(before, ARRAY[secret], '"•••"'); END IF;
        IF after ->> secret <> '' THEN
            after := jsonb_set(after, ARRAY[secret], CASE WHEN is_new THEN '"••• (new)"' ELSE '"•••"' END::jsonb);
        END IF;
    END LOOP;
    INSERT INTO audit_change (at, "table", "row", act, before, after, "user", user_name, via, name, token, address, url)
    VALUES (
        clock_timestamp(), TG_TABLE_NAME, coalesce(after, before) ->> TG_ARGV[0],
        CASE TG_OP WHEN 'INSERT' THEN 'added' WHEN 'DELETE' THEN 'removed' ELSE 'changed' END,
        before, after, (origin ->> 'user')::bigint, coalesce(origin ->> 'user_name', ''), origin ->> 'via',
        coalesce(origin ->> 'name', ''), coalesce(origin ->> 'token', ''), coalesce(origin ->> 'address', ''),
        coalesce(origin ->> 'url', '')
    );
    RETURN NULL;
END $$
"""
GUARD = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What the audit has kept is neither changed nor removed.' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_guard BEFORE UPDATE OR DELETE ON audit_change FOR EACH ROW EXECUTE FUNCTION audit_refuse()
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunSQL(KEEP, "DROP FUNCTION audit_keep_change() CASCADE"),
        migrations.RunSQL(GUARD, "DROP TRIGGER audit_guard ON audit_change; DROP FUNCTION audit_refuse()"),
    ]
