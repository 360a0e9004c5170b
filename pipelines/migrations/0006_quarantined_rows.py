from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("pipelines", "0005_pipeline_kinds")]
    operations = [migrations.RenameModel(old_name="Refused", new_name="QuarantinedRow")]
