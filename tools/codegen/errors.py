"""What can go wrong between a document and its models."""

from __future__ import annotations

from core.errors import Invalid, TooLarge


class CircularSchema(Invalid):
    """A schema is made of itself: an `allOf` or a chain of `$ref` that comes back to its start."""

    code = "AW201"
    fix = "Break the circle: one of the schemas has to say what it is without naming the others."


class TooManySchemas(TooLarge):
    """The document has more schemas than models are made for."""

    code = "AW202"
    fix = "Split the document; a service that needs this many models is several services."


class LossyModels(Invalid):
    """`strict` was asked for, and something of the document is not in the models."""

    code = "AW203"
    fix = "Read the list, change these schemas, or run without --strict to accept the loss."


class UnsafeModels(Invalid):
    """Generated code holds something that no model needs. Nothing imported it."""

    code = "AW204"
    fix = "Please report it with the document: this is either an attack or a fault in AutoWeave."


class GenerationFailed(Invalid):
    """The generator gave up on a composed schema."""

    code = "AW205"
    fix = "Simplify the schema at this place (its `allOf`, mostly) and run again."


class ModelsDoNotImport(Invalid):
    """The generated package does not compile, import or build."""

    code = "AW206"
    fix = "Please report it with the document: generated models must always import."
