def broken_alone(token, inputs):
    return []


def broken(token, inputs, others):
    return []


def broken_by_deletion(token, inputs):
    return ""
