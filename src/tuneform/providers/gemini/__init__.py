"""The tunedModels REST API of Gemini, and of the practice service, which speaks the same.

trust        may this endpoint receive credentials?
credentials  an API key, or OAuth
calls        one request as a value
client       sends one call and reads its reply
retry        when a call is sent again
errors       a bad reply, or none, as an error of ours; hints: what to do about it
wire         the JSON of the API, typed
codec        between wire and domain; where the mark is kept
bases        what is known about base models
provider     the verbs that the rest of the project calls
"""
