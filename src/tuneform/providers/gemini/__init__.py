"""The tunedModels REST API of Gemini, and of the practice service, which speaks the same.

calls     one request as a value
wire      the JSON of the API, typed
codec     between wire and domain; where the mark is kept
bases     what is known about base models
provider  the verbs that the rest of the project calls

How calls are sent is in `providers.google`.
"""
