"""A cluster that is reset begins again as the lesson or the exercise does for which it was made."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classroom", "0001_initial")]

    operations = [
        migrations.AddField(
            "ownership",
            "begun",
            models.CharField(
                blank=True,
                default="",
                help_text="What it was made ready for: lesson/NAME, exercise/NAME",
                max_length=80,
            ),
            preserve_default=False,
        ),
    ]
