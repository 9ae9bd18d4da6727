#!/usr/bin/env python3
"""Are these lines events of OCSF 1.4.0, class Datastore Activity (6005)?

ocsf.py [FILE]    reads one event a line; complains, and exits 1, about the
                  first line that is none; else prints how many there were

The requirements were written down by hand from the schema of 1.4.0 (base
event, application, datastore activity, the profile security_control, and the
objects below): what is required, which members there are, of which type, and
what the values of an enumeration are called.
"""
import ipaddress
import json
import re
import sys

INTEGER, STRING, STRINGS, OBJECT = "integer", "string", "strings", "any object"

# name: (type or name of an object, required)
OBJECTS = {
    "event": {
        "activity_id": (INTEGER, True), "activity_name": (STRING, False),
        "category_uid": (INTEGER, True), "category_name": (STRING, False),
        "class_uid": (INTEGER, True), "class_name": (STRING, False),
        "type_uid": (INTEGER, True), "type_name": (STRING, False),
        "severity_id": (INTEGER, True), "severity": (STRING, False),
        "status_id": (INTEGER, False), "status": (STRING, False),
        "status_code": (STRING, False), "message": (STRING, False),
        "count": (INTEGER, False), "start_time": (INTEGER, False),
        "end_time": (INTEGER, False),
        "time": (INTEGER, True), "metadata": ("metadata", True),
        "action_id": (INTEGER, False), "action": (STRING, False),
        "disposition_id": (INTEGER, False), "disposition": (STRING, False),
        "actor": ("actor", True), "src_endpoint": ("endpoint", True),
        "database": ("database", False), "table": ("entity", False),
        "type_id": (INTEGER, False), "type": (STRING, False),
        "query_info": ("query_info", False), "unmapped": (OBJECT, False),
    },
    "metadata": {
        "product": ("product", True), "version": (STRING, True),
        "profiles": (STRINGS, False), "sequence": (INTEGER, False),
        "uid": (STRING, False), "event_code": (STRING, False),
        "log_name": (STRING, False), "log_provider": (STRING, False),
        "log_version": (STRING, False), "original_time": (STRING, False),
    },
    "product": {"name": (STRING, False), "uid": (STRING, False),
                "vendor_name": (STRING, False)},
    "actor": {"user": ("user", False), "app_name": (STRING, False)},
    "user": {"name": (STRING, False), "type_id": (INTEGER, False),
             "type": (STRING, False)},
    "endpoint": {"ip": (STRING, False), "name": (STRING, False)},
    "database": {"name": (STRING, False), "type_id": (INTEGER, True),
                 "type": (STRING, False)},
    "entity": {"name": (STRING, False), "uid": (STRING, False)},
    "query_info": {"query_string": (STRING, True), "uid": (STRING, False),
                   "name": (STRING, False)},
}

# at least one of these has to be there
AT_LEAST_ONE = {
    "event": {"database", "databucket", "table"},
    "product": {"name", "uid"},
    "actor": {"process", "user", "invoked_by", "session", "app_name", "app_uid"},
    "user": {"account", "name", "uid"},
    "endpoint": {"ip", "uid", "name", "hostname", "svc_name", "instance_uid",
                 "interface_uid", "interface_name", "domain"},
    "database": {"name", "uid"},
    "entity": {"name", "uid"},
    "query_info": {"name", "uid"},
}

# (object, the number): its values, and the member that holds their name
ENUMS = {
    ("event", "activity_id"): ("activity_name", {
        0: "Unknown", 1: "Read", 2: "Update", 3: "Connect", 4: "Query",
        5: "Write", 6: "Create", 7: "Delete", 8: "List", 9: "Encrypt",
        10: "Decrypt", 99: None}),
    ("event", "category_uid"): ("category_name", {6: "Application Activity"}),
    ("event", "class_uid"): ("class_name", {6005: "Datastore Activity"}),
    ("event", "severity_id"): ("severity", {
        0: "Unknown", 1: "Informational", 2: "Low", 3: "Medium", 4: "High",
        5: "Critical", 6: "Fatal", 99: None}),
    ("event", "status_id"): ("status", {
        0: "Unknown", 1: "Success", 2: "Failure", 99: None}),
    ("event", "action_id"): ("action", {
        0: "Unknown", 1: "Allowed", 2: "Denied", 3: "Observed",
        4: "Modified", 99: None}),
    ("event", "disposition_id"): ("disposition", {
        0: "Unknown", 1: "Allowed", 2: "Blocked", 15: "Detected",
        17: "Logged", 27: "Error", 99: None}),
    ("event", "type_id"): ("type", {
        0: "Unknown", 1: "Database", 2: "Databucket", 3: "Table", 99: None}),
    ("user", "type_id"): ("type", {
        0: "Unknown", 1: "User", 2: "Admin", 3: "System", 99: None}),
    ("database", "type_id"): ("type", {
        0: "Unknown", 1: "Relational", 2: "Network", 3: "Object Oriented",
        4: "Centralized", 5: "Operational", 6: "NoSQL", 99: None}),
}


class NotAnEvent(Exception):
    pass


def no_duplicates(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise NotAnEvent("a name occurs twice")
    return dict(pairs)


def check_type(path, value, kind):
    if kind == INTEGER:
        good = isinstance(value, int) and not isinstance(value, bool)
    elif kind == STRING:
        good = isinstance(value, str)
    elif kind == STRINGS:
        good = isinstance(value, list) and all(isinstance(v, str) for v in value)
    elif kind == OBJECT:
        good = isinstance(value, dict)
    else:
        return check_object(path, value, kind)
    if not good:
        raise NotAnEvent(f"{path} is no {kind}")


def check_object(path, value, kind):
    if not isinstance(value, dict):
        raise NotAnEvent(f"{path} is no object")
    members = OBJECTS[kind]
    for name, (_, required) in members.items():
        if required and name not in value:
            raise NotAnEvent(f"{path}.{name} is required")
    if kind in AT_LEAST_ONE and not AT_LEAST_ONE[kind] & value.keys():
        raise NotAnEvent(f"{path} has none of {sorted(AT_LEAST_ONE[kind])}")
    for name, member in value.items():
        if name not in members:
            raise NotAnEvent(f"{path}.{name} is not in the schema")
        check_type(f"{path}.{name}", member, members[name][0])
        if (kind, name) in ENUMS:
            sibling, values = ENUMS[kind, name]
            if member not in values:
                raise NotAnEvent(f"{path}.{name} has no value {member}")
            if values[member] is not None and value.get(sibling, values[member]) != values[member]:
                raise NotAnEvent(f"{path}.{sibling} is not what {member} is called")


def check_event(event):
    check_object("event", event, "event")
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        raise NotAnEvent("type_uid is not made of class_uid and activity_id")
    if event["metadata"]["version"] != "1.4.0":
        raise NotAnEvent("not of version 1.4.0")
    if "action_id" in event and "security_control" not in event["metadata"]["profiles"]:
        raise NotAnEvent("action_id needs its profile")
    if not re.fullmatch(r"jurisdiction/\d+/[0-9a-f]{16}/\d+", event["metadata"]["uid"]):
        raise NotAnEvent("uid is not origin and number")
    if "count" in event and not event["start_time"] <= event["end_time"]:
        raise NotAnEvent("count does not say of which time")
    if "ip" in event["src_endpoint"]:
        ipaddress.ip_address(event["src_endpoint"]["ip"].split("%")[0])


def main():
    count = 0
    with open(sys.argv[1], encoding="utf-8") if len(sys.argv) > 1 else sys.stdin as lines:
        for line in lines:
            count += 1
            try:
                check_event(json.loads(line, object_pairs_hook=no_duplicates))
            except (NotAnEvent, ValueError) as error:
                print(f"line {count}: {error}\n{line}", end="")
                return 1
    print(f"{count} events")
    return 0


if __name__ == "__main__":
    sys.exit(main())
