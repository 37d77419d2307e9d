"""Make the account of a teacher, who may make courses."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Make a teacher's account, or give its holder a new password. The password is asked for, or read with --stdin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="", help="as others see it")
        parser.add_argument("--email", default="")
        parser.add_argument("--stdin", action="store_true", help="the password is the first line of standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        password = sys.stdin.readline().rstrip("\n") if options["stdin"] else getpass.getpass()
        user, made = get_user_model().objects.get_or_create(username=options["username"])
        try:
            validate_password(password, user)
        except ValidationError as error:
            if made:
                user.delete()
            raise CommandError(" ".join(error.messages)) from error
        user.first_name, user.email = options["name"] or user.first_name, options["email"] or user.email
        user.set_password(password)
        user.save()
        user.user_permissions.add(Permission.objects.get(codename="add_course"))
        self.stdout.write(f"{user.get_username()} may make courses now")
