import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The model of API tokens has moved; its table stays."""

    dependencies = [
        ('classroom', '0001_initial'),
        ('grading', '0002_deliveries'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='submission',
                    name='token',
                    field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to='classroom.apitoken'),
                ),
                migrations.DeleteModel(name='ApiToken'),
            ],
        ),
    ]
