"""What Google's tuning APIs have in common: how a call is sent, and what may go wrong.

trust        may this endpoint receive credentials?
credentials  an API key, or OAuth
adc          the file of Application Default Credentials, judged before it is used
courier      carries the requests of google-auth
renewal      why no token could be had
call         one request and its reply as values
client       sends one call and reads its reply
retry        when a call is sent again
pages        reads a list to its end
errors       a bad reply, or none, as an error of ours; hints: what to do about it
wire         the JSON of failures, prompts and answers
asking       asks a tuned model
"""
