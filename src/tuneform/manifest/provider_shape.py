"""The shape of `spec.provider` in tuneform.yaml, and of `spec.vertex` in a manifest.

Which keys of a provider go together is said in `provider`, those of `spec.vertex` in `vertex`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field

from tuneform.manifest import cloud_rules, rules
from tuneform.manifest.gate_shape import Holdout
from tuneform.manifest.notation import Written
from tuneform.manifest.parts import (
    BaseModelName,
    DatasetFields,
    Endpoint,
    Format,
    Maybe,
    RelativePath,
    Section,
)

if TYPE_CHECKING:
    from pydantic.config import JsonDict

KEYS: Final[dict[str, tuple[str, ...]]] = {
    "embedded": ("data", "dialect"),
    "gemini": ("endpoint",),
    "vertex": (
        "project",
        "location",
        "datasetBucket",
        "endpoint",
        "storageEndpoint",
        "endpointPolicy",
        "bases",
    ),
}
"""By type of provider, the keys that it has besides `type`."""
NEEDED: Final[dict[str, tuple[str, ...]]] = {"vertex": ("project", "location", "datasetBucket")}
"""By type of provider, those of them that it cannot do without."""

CloudProject = Annotated[
    str, AfterValidator(cloud_rules.project), Written(pattern=f"^({cloud_rules.PROJECT.pattern})$")
]
Location = Annotated[
    str,
    AfterValidator(cloud_rules.location),
    Written(pattern=f"^({cloud_rules.LOCATION.pattern})$"),
]
Bucket = Annotated[
    str, AfterValidator(cloud_rules.bucket), Written(pattern=f"^{cloud_rules.BUCKET.pattern}$")
]
EncryptionKey = Annotated[
    str, AfterValidator(cloud_rules.encryption_key), Written(pattern=f"^{cloud_rules.KEY.pattern}$")
]
ServiceAccount = Annotated[
    str,
    AfterValidator(cloud_rules.service_account),
    Written(pattern=f"^{cloud_rules.ACCOUNT.pattern}$"),
]
AdapterSize = Annotated[
    int,
    AfterValidator(cloud_rules.adapter_size),
    Written(kind="integer", enum=list(cloud_rules.ADAPTER_SIZES)),
]


def _only_for(kind: str) -> JsonDict:
    """What JSON Schema says about one type: foreign keys are refused, some are needed."""
    foreign = sorted({key for keys in KEYS.values() for key in keys} - set(KEYS[kind]))
    then: JsonDict = {"properties": dict.fromkeys(foreign, False)}
    if kind in NEEDED:
        then["required"] = list(NEEDED[kind])
    return {
        "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
        "then": then,
    }


class Provider(Section):
    """The service that tunes."""

    model_config = ConfigDict(json_schema_extra={"allOf": [_only_for(kind) for kind in KEYS]})

    type: Annotated[Literal["embedded", "gemini", "vertex"], Written()] = Field(
        description="`embedded` is the practice service inside this process: free, no key, no "
        "network. `gemini` is the tunedModels API. `vertex` is Vertex AI, where Google offers "
        "tuning today.",
    )
    data: Maybe[RelativePath] = Field(
        default=None,
        description="`embedded` only: the folder of its data, relative to tuneform.yaml, inside "
        "the project. Default: `.practice`.",
        examples=[".practice"],
    )
    dialect: Maybe[Annotated[Literal["gemini", "vertex"], Written()]] = Field(
        default="gemini",
        description="`embedded` only: the API that the practice service is spoken to in, so that "
        "what is rehearsed is what will be done.",
    )
    endpoint: Maybe[Endpoint] = Field(
        default=None,
        description="`gemini` and `vertex` only: the base address of the service. "
        "Default: Google's own.",
        examples=["http://127.0.0.1:8765"],
    )
    project: Maybe[CloudProject] = Field(
        default=None,
        description="`vertex` only, needed there: the id of the cloud project that tunes, and is "
        "billed for it.",
        examples=["acme-models"],
    )
    location: Maybe[Location] = Field(
        default=None,
        description="`vertex` only, needed there: the region that tunes, or `global`, `us` or "
        "`eu`. Bases and prices differ between them. `local` is the practice service.",
        examples=["europe-west4"],
    )
    dataset_bucket: Maybe[Bucket] = Field(
        default=None,
        description="`vertex` only, needed there: where examples are uploaded to, a bucket with or "
        "without a prefix. Tuning reads them from there, so that the bucket is best in the same "
        "region.",
        examples=["gs://acme-tuning/datasets"],
    )
    storage_endpoint: Maybe[Endpoint] = Field(
        default=None,
        description="`vertex` only: the base address of the storage service. "
        "Default: Google's own.",
        examples=["http://127.0.0.1:8765"],
    )
    endpoint_policy: Maybe[Annotated[Literal["perVersion", "servingOnly"], Written()]] = Field(
        default="perVersion",
        description="`vertex` only: `perVersion` leaves every version deployed, so that a rollback "
        "is immediate. `servingOnly` undeploys what no longer serves, and deploys it again should "
        "it serve again.",
    )
    bases: Maybe[
        Annotated[list[BaseModelName], Field(min_length=1), AfterValidator(rules.distinct)]
    ] = Field(
        default=None,
        description="`vertex` only: bases that the service tunes besides those that this release "
        "knows of. Default: none.",
        examples=[["models/gemini-3.8-flash"]],
        json_schema_extra={"uniqueItems": True},
    )


class Validation(Section):
    """Examples that the service measures a training with; they train nothing."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["path"]}, {"required": ["share"]}],
            "dependentSchemas": {"share": {"properties": {"format": False, "fields": False}}},
        }
    )

    path: Maybe[RelativePath] = Field(
        default=None,
        description="The file with the examples, relative to this manifest, inside the project. "
        "The preamble of `spec.dataset` is put in front of their inputs. Another file holds from "
        "the next version on. Either this or `share`.",
        examples=["datasets/validation.jsonl"],
    )
    share: Maybe[Holdout] = Field(
        default=None,
        description="Share of `spec.dataset` that is taken out of training for it, above 0, at "
        "most 0.5; which examples, their digests decide. It changes what is trained. Not together "
        "with `holdout` of the gate. Either this or `path`.",
        examples=[0.1],
    )
    format: Maybe[Format] = Field(
        default=None,
        description="How the file is written; only together with `path`. Default: from the suffix "
        "of its name.",
    )
    fields: Maybe[DatasetFields] = Field(
        default=None,
        description="The names of the two values in each example; only together with `path`. "
        "Default: `text_input` and `output`.",
    )


class Vertex(Section):
    """What only Vertex AI has. Another provider refuses these keys."""

    adapter_size: Maybe[AdapterSize] = Field(
        default=None,
        description="Rank of the adapter that is trained; which ones there are depends on the "
        "base. Part of the training inputs. Default: the service decides.",
        examples=[4],
    )
    validation: Maybe[Validation] = Field(
        default=None,
        description="Examples that the service measures a training with, at most 5,000; they train "
        "nothing. Default: none.",
        examples=[{"path": "datasets/validation.jsonl"}],
    )
    export_last_checkpoint_only: Maybe[bool] = Field(
        default=None,
        description="Whether checkpoints of earlier epochs are left out; each one that is kept "
        "gets an endpoint of its own. Holds from the next version on. "
        "Default: the service decides.",
        examples=[True],
    )
    encryption_key: Maybe[EncryptionKey] = Field(
        default=None,
        description="The key of Cloud KMS that everything is encrypted with which a training "
        "makes, in the region that is `location` of the provider. Holds from the next version on. "
        "Default: Google's own.",
        examples=["projects/acme-models/locations/europe-west4/keyRings/ml/cryptoKeys/tuning"],
    )
    service_account: Maybe[ServiceAccount] = Field(
        default=None,
        description="The account that the training reads the examples as; whoever applies needs "
        "the permission to act as it. Holds from the next version on. "
        "Default: the service agent of Vertex AI.",
        examples=["trainer@acme-models.iam.gserviceaccount.com"],
    )
