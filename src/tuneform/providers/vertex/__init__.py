"""Tuning jobs on Vertex AI, and on the practice service, which speaks the same.

names       resource names, told apart and never trusted
hosts       who serves a location
labels      the mark as labels
wire        the JSON of the API, typed
calls       one request as a value
api         the calls sent, names in replies checked
operations  waiting for what the service does in the background
codec       between wire and domain
survey      jobs, models and endpoints joined
versions    one version, or all, with the calls that it takes to read them
editing     names, descriptions and labels
deletion    undeploy, delete the endpoint, delete the model
deployment  deploy a version again
leftovers   endpoints and uploads that no version needs
uploads     what is needed of a place for datasets
storage     that place in Cloud Storage; jsonl its files, resumable their way there
bases       what is known about base models
hints       what to do about known failures
provider    the verbs that the rest of the project calls

How calls are sent is in `providers.google`.
"""
