// The tests also run on Node 20, about which the SDK warns on every client; the Lambda runtime is newer and needs nothing.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
