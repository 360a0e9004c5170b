"""Quality counts the checks that a judgement keeps, and none has kept any yet."""

from django.db import migrations

ALL = "insert into pipelines_judgementrequest (history) select false where exists (select from pipelines_deal)"


class Migration(migrations.Migration):
    dependencies = [("qc", "0006_finding_units"), ("pipelines", "0005_pipeline_kinds")]

    operations = [migrations.RunSQL(ALL, migrations.RunSQL.noop)]
