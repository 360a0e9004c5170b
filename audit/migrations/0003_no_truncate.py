"""Emptied at once it would be gone without a row to tell: refused as every other removal is."""

from django.db import migrations

GUARD = """
CREATE TRIGGER audit_guard_all BEFORE TRUNCATE ON audit_change FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_functions")]
    operations = [migrations.RunSQL(GUARD, "DROP TRIGGER audit_guard_all ON audit_change")]
