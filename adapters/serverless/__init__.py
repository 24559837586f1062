"""The Serverless Framework: a thin plugin in Node, and what its serverless.yml means.

index.js, python.js    the plugin: every verb is handed to `isthmus serverless VERB`
schema.json            what serverless.yml may say; read by the plugin and by `schema`
schema                 the same validation as the framework's, in the same words
service                the resolved configuration, as types
description            the part of it that an App is made of
composition            the App that it describes
module                 the module by which that App is imported
archive                what `package` makes, and what is kept of what was deployed
"""
