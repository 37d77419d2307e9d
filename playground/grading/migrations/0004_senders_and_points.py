"""Idempotency keys belong to whoever sent them (those without a token had shared theirs), and points stand beside the
verdict, so that the gradebook need not read verdicts."""

from django.db import migrations, models


def fill(apps, schema_editor):
    submissions = apps.get_model("grading", "Submission").objects
    for found in submissions.defer("answer").iterator(100):
        # whose keys without a token were cannot be told any more: each its own
        found.sender = f"token-{found.token_id}" if found.token_id else f"before-{found.pk.hex}" if found.key else ""
        found.points = found.verdict["points"] if found.verdict else None
        found.save(update_fields=["sender", "points"])


class Migration(migrations.Migration):
    dependencies = [("classroom", "0001_initial"), ("grading", "0003_tokens_belong_to_the_classroom")]

    operations = [
        migrations.RemoveConstraint("submission", "one_submission_per_key"),
        migrations.AddField(
            "submission",
            "points",
            models.FloatField(blank=True, help_text="Those of the verdict, for the gradebook", null=True),
        ),
        migrations.AddField(
            "submission",
            "sender",
            models.CharField(blank=True, default="", help_text="Whose idempotency keys these are", max_length=40),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField("submission", "exercise", models.CharField(max_length=63)),
        migrations.AddIndex(
            "submission", models.Index(fields=["exercise", "created"], name="submissions_of_exercise")
        ),
        migrations.AddIndex("submission", models.Index(fields=["state", "taken"], name="submissions_to_grade")),
        migrations.AddConstraint(
            "submission", models.UniqueConstraint(fields=("sender", "exercise", "key"), name="one_submission_per_key")
        ),
    ]
