"""Tokens that were kept in clear go on as digests, for a year from now; the tables of what has gone go with them."""

from django.db import migrations

TAKE_OVER = """
DO $$ BEGIN
    IF to_regclass('authtoken_token') IS NOT NULL THEN
        INSERT INTO access_apitoken
            (user_id, title, digest, hint, may_write, reach, created_at, expires_at)
        SELECT user_id, 'API', encode(sha256(convert_to(key, 'UTF8')), 'hex'), left(key, 6), true, 'all', created,
               now() + interval '365 days'
        FROM authtoken_token;
        DROP TABLE authtoken_token;
    END IF;
END $$
"""
DROP_AXES = "DROP TABLE IF EXISTS axes_accessattemptexpiration, axes_accessattempt, axes_accesslog, axes_accessfailurelog"


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial")]
    operations = [
        migrations.RunSQL(TAKE_OVER, migrations.RunSQL.noop),
        migrations.RunSQL(DROP_AXES, migrations.RunSQL.noop),
    ]
