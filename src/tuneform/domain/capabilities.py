"""What a provider can do, as data, so that decisions need not know which provider it is."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """What one base accepts. Sizes are in Unicode characters where not said otherwise.

    Attributes:
        input_characters: at most, for one input with its preamble.
        output_characters: at most, for one output.
        dataset_bytes: at most, for the whole file.
        sent_bytes: at most, for all examples in the form in which they are sent; None where that
            form has no limit of its own.
        sent_bytes_each: what an example takes in that form beside its two texts as JSON strings.
        examples_least: fewer are a warning.
        examples_advised: the recommended range.
        examples_most: of a dataset; None where nothing is said about it.
        validation_examples_most: of a validation dataset; the same.
        example_tokens: at most, for input and output of one example together; None where the
            service counts characters.
        display_name_characters: at most.
        description_characters: more is a warning; the mark counts where it stands in descriptions.
    """

    input_characters: int = 40_000
    output_characters: int = 5_000
    dataset_bytes: int = 4_000_000
    sent_bytes: int | None = None
    sent_bytes_each: int = 0
    examples_least: int = 20
    examples_advised: tuple[int, int] = (100, 500)
    examples_most: int | None = None
    validation_examples_most: int | None = None
    example_tokens: int | None = None
    display_name_characters: int = 40
    description_characters: int = 300


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the service is expected to fill in where a manifest leaves it out.

    Attributes:
        epoch_count: passes over the data.
        batch_size: examples in a step.
        large_batch_size: the same from `large_from` examples on. The API documents 4 or 16 by the
            number of examples, and not the number (reference, 3.4): 1,000 is our choice.
    """

    epoch_count: int = 5
    batch_size: int = 4
    large_batch_size: int = 16
    large_from: int = 1_000

    def steps(self, examples: int, epochs: int | None = None, batch: int | None = None) -> int:
        """Count of training steps: `ceil(epochs * examples / batch)` (reference, section 4).

        Args:
            examples: count.
            epochs: None where the service decides.
            batch: None where the service decides.
        """
        usual = self.large_batch_size if examples >= self.large_from else self.batch_size
        return -(-(epochs or self.epoch_count) * examples // (batch or usual))


@dataclass(frozen=True, slots=True)
class Base:
    """What is known about one base model.

    Attributes:
        name: full resource name, or `*` for every base that is not listed.
        limits: of its datasets.
        defaults: of its hyperparameters.
        retunable: whether a model tuned from it can be tuned again.
    """

    name: str
    limits: Limits = field(default_factory=Limits)
    defaults: Defaults = field(default_factory=Defaults)
    retunable: bool = True


@dataclass(frozen=True, slots=True)
class LabelRules:
    """Which labels of a user a service stores.

    Attributes:
        key, value: regular expressions that the whole of it must match, and what they say, as the
            end of a sentence that begins with the key or the value.
        most: labels of an object.
        reserved: what no key may begin with.
    """

    key: tuple[str, str]
    value: tuple[str, str]
    most: int
    reserved: str


@dataclass(frozen=True, slots=True)
class SettingRule:
    """What a setting that only this provider has must be like, where it is set.

    Attributes:
        name: its API name, as in `ModelSpec.extras`.
        pattern: regular expression that the whole of it must match.
        detail: what is wrong with one that does not, a sentence.
        hint: what to write instead.
    """

    name: str
    pattern: str
    detail: str
    hint: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do.

    Attributes:
        provider: its name in manifests.
        collection: what a chosen id is put behind to become a remote name, such as
            `tunedModels/`; None where the service assigns ids itself.
        bases: what is known about bases, `*` last.
        unsupported: pairs of a manifest's field, such as `spec.temperature`, that it cannot honour,
            and what to use instead.
        stores_labels: whether `metadata.labels` are kept on its objects, and marks in labels.
        label_rules: what labels have to be like; None where the service says nothing about them.
        setting_rules: what settings have to be like that only this provider has.
        offered: full resource names of the bases that it is known to tune; None where only the
            service itself can tell.
        edits_training: whether an object in training can be edited. Where not, its mark is that of
            the create until it is trained, and a cancel shows in its state alone.
    """

    provider: str
    collection: str | None
    bases: tuple[Base, ...]
    unsupported: tuple[tuple[str, str], ...] = ()
    stores_labels: bool = False
    label_rules: LabelRules | None = None
    setting_rules: tuple[SettingRule, ...] = ()
    offered: tuple[str, ...] | None = None
    edits_training: bool = True

    def base(self, name: str) -> Base:
        """What is known about a base; the `*` entry for one that is not listed."""
        return next(base for base in self.bases if base.name in (name, "*"))
