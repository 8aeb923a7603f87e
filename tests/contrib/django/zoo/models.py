"""Models with a field of each kind."""

from __future__ import annotations

from django.contrib.postgres import fields as pg
from django.db import models


class Elephant(models.Model):
    name = models.CharField(max_length=40)
    number = models.BigIntegerField(default=0)
    small = models.PositiveSmallIntegerField(default=0)
    tame = models.BooleanField(default=False)
    ratio = models.FloatField(default=0)
    price = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    born = models.DateField(null=True)
    fed = models.TimeField(null=True)
    seen = models.DateTimeField(null=True)
    nap = models.DurationField(null=True)
    key = models.UUIDField(null=True)
    address = models.GenericIPAddressField(null=True)
    photo = models.BinaryField(null=True)
    notes = models.JSONField(null=True)

    class Meta:
        app_label = "zoo"


class Herd(models.Model):
    names = pg.ArrayField(models.TextField(), default=list)
    sizes = pg.IntegerRangeField(null=True)
    weights = pg.DecimalRangeField(null=True)
    days = pg.DateRangeField(null=True)
    stays = pg.DateTimeRangeField(null=True)
    facts = pg.HStoreField(null=True)

    class Meta:
        app_label = "zoo"


class Keeper(models.Model):
    name = models.TextField(unique=True)
    elephant = models.ForeignKey(Elephant, models.CASCADE, null=True)

    class Meta:
        app_label = "zoo"
