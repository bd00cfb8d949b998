/** The policy file of the demo's tailnet. */
export const policyBefore = `// Who may reach what. Changes go through review; ask in #netops.
{
	"groups": {
		"group:admin":    ["ada@example.com", "grace@example.com"],
		"group:sre":      ["grace@example.com", "max@example.com"],
		"group:eng":      ["max@example.com", "margaret@example.com"],
		"group:finance":  ["joan@example.com"],
	},

	"hosts": {
		"office":  "10.40.0.0/16",
		"billing": "100.64.12.9",
	},

	"tagOwners": {
		"tag:prod":          ["group:sre"],
		"tag:ci":            ["group:eng"],
		"tag:subnet-router": ["group:sre"],
	},

	"autoApprovers": {
		"routes": {
			"10.40.0.0/16": ["tag:subnet-router"],
		},
	},

	"acls": [
		// SRE runs production.
		{"action": "accept", "src": ["group:sre"], "dst": ["tag:prod:22,443,5432"]},

		// Engineers see what CI builds, not what it deploys to.
		{"action": "accept", "src": ["group:eng"], "dst": ["tag:ci:443,8080"]},

		{"action": "accept", "src": ["tag:ci"], "dst": ["tag:prod:443"]},
		{"action": "accept", "src": ["group:finance"], "dst": ["billing:443"]},
	],

	"ssh": [
		{
			"action":      "check", // sign in again, at least every 12 hours
			"checkPeriod": "12h",
			"src":         ["group:sre"],
			"dst":         ["tag:prod"],
			"users":       ["autogroup:nonroot", "root"],
		},
	],

	"tests": [
		{"src": "max@example.com", "accept": ["tag:prod:22"]},
		{"src": "joan@example.com", "deny": ["tag:prod:22", "tag:prod:5432"]},
	],
}
`;

/** The same after a change that lets far more in than its comment says. */
export const policyAfter = [
  [
    '"group:sre":      ["grace@example.com", "max@example.com"]',
    '"group:sre":      ["grace@example.com", "max@example.com", "joan@example.com"]',
  ],
  [
    '		{"action": "accept", "src": ["group:finance"], "dst": ["billing:443"]},\n',
    '		{"action": "accept", "src": ["group:finance"], "dst": ["billing:443"]},\n\n		// Temporary: month-end reports need the database.\n		{"action": "accept", "src": ["autogroup:member"], "dst": ["tag:prod:*"]},\n',
  ],
  ['			"10.40.0.0/16": ["tag:subnet-router"],\n', '			"10.0.0.0/8": ["tag:subnet-router"],\n'],
  [
    '			"action":      "check", // sign in again, at least every 12 hours\n			"checkPeriod": "12h",\n',
    '			"action":      "accept",\n',
  ],
  ['		{"src": "joan@example.com", "deny": ["tag:prod:22", "tag:prod:5432"]},\n', ''],
].reduce((text, [from = '', to = '']) => text.replace(from, to), policyBefore);
