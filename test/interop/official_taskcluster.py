"""What Taskcluster's own client does with the credentials of a client, as one object of JSON."""
import datetime
import json
import sys

import taskcluster

root_url, client_id, token, task_id, *scopes = sys.argv[1:]
permanent = {"clientId": client_id, "accessToken": token}
now = datetime.datetime.now(datetime.timezone.utc)
hour = datetime.timedelta(hours=1)
temporary = {
    name: taskcluster.createTemporaryCredentials(
        client_id, token, now - hour, now + hour, scopes, **({"name": name} if name else {})
    )
    for name in ("", client_id + "/ci")
}


def label(credentials):
    try:
        queue = taskcluster.Queue({"rootUrl": root_url, "credentials": credentials, "maxRetries": 0})
        return queue.task(task_id)["metadata"]["name"]
    except taskcluster.exceptions.TaskclusterAuthFailure:
        return 401
    except taskcluster.exceptions.TaskclusterRestFailure as error:
        return error.status_code


def variables(credentials):
    credentials = {key: value.decode() if isinstance(value, bytes) else value for key, value in credentials.items()}
    certificate = credentials["certificate"]
    return {
        "TASKCLUSTER_CLIENT_ID": credentials["clientId"],
        "TASKCLUSTER_ACCESS_TOKEN": credentials["accessToken"],
        "TASKCLUSTER_CERTIFICATE": certificate if isinstance(certificate, str) else json.dumps(certificate),
    }


print(
    json.dumps(
        {
            "labels": [label(one) for one in (permanent, *temporary.values())],
            "wrong": label({**permanent, "accessToken": "x" + token}),
            "nobody": label({}),
            "temporary": [variables(one) for one in temporary.values()],
        }
    )
)
