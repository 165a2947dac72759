"""The Vertex dialect of the practice service: tuning jobs, Models, Endpoints and operations.

names        resource names, and ids that the server draws
ground       what it stands on
rows         what is remembered, as rows of a kind
messages     the message types, from the discovery document
checks       labels, display names, URIs; mistakes told together
bases        what can be tuned
drafts       a create of a job, judged
datasets     the examples: lines of a file in a bucket
stats        what was counted in them
jobs         tuningJobs
tuning       jobs as the trainer sees them
publishing   the Model and the Endpoints that a job leaves
registry     Models, versions and deployments as rows
models, endpoints, generation, operations
deploying    what is on which Endpoint
edits        what a PATCH changes
filters, listing   lists
subjects, naming   what faults know all these by
vertex, routes     put together
"""

from tuneform.service.vertex.datasets import Datasets
from tuneform.service.vertex.ground import Ground
from tuneform.service.vertex.routes import routes
from tuneform.service.vertex.vertex import Vertex, open_vertex

__all__ = ["Datasets", "Ground", "Vertex", "open_vertex", "routes"]
