import type { Examples } from './example';
import { acls, web } from './rules';

/** Findings about devices, and the file as a whole. */
export const DEVICE_AND_FILE_EXAMPLES: Readonly<Record<string, Examples>> = {
  'FUNNEL-ADDED': {
    fires: [
      { what: 'funnel', old: {}, next: { nodeAttrs: [{ target: ['tag:web'], attr: ['funnel'] }] } },
      {
        what: 'for everyone',
        old: { nodeAttrs: [{ target: ['tag:web'], attr: ['funnel'] }] },
        next: { nodeAttrs: [{ target: ['autogroup:member', 'tag:web'], attr: ['funnel'] }] },
      },
    ],
    keepsQuiet: [
      {
        what: 'for fewer',
        old: { nodeAttrs: [{ target: ['*'], attr: ['funnel'] }] },
        next: { nodeAttrs: [{ target: ['tag:web'], attr: ['funnel', 'mullvad'] }] },
      },
    ],
  },
  'APPCONN-CHANGED': {
    fires: [
      {
        what: 'a domain',
        old: {},
        next: {
          nodeAttrs: [
            {
              target: ['*'],
              app: { 'tailscale.com/app-connectors': [{ name: 'x', connectors: ['tag:c'], domains: ['example.com'] }] },
            },
          ],
        },
      },
    ],
    keepsQuiet: [
      {
        what: 'another name',
        old: {
          nodeAttrs: [
            {
              target: ['*'],
              app: { 'tailscale.com/app-connectors': [{ name: 'x', connectors: ['tag:c'], domains: ['example.com'] }] },
            },
          ],
        },
        next: {
          nodeAttrs: [
            {
              target: ['*'],
              app: { 'tailscale.com/app-connectors': [{ name: 'y', connectors: ['tag:c'], domains: ['example.com'] }] },
            },
          ],
        },
      },
    ],
  },
  'NODEATTR-DNS': {
    fires: [
      {
        what: 'another resolver',
        old: { nodeAttrs: [{ target: ['*'], attr: ['nextdns:abc'] }] },
        next: { nodeAttrs: [{ target: ['*'], attr: ['nextdns:xyz'] }] },
      },
      {
        what: 'a record',
        old: {},
        next: { extraDNSRecords: [{ Name: 'a.example.com', Type: 'A', Value: '100.64.0.1' }] },
      },
    ],
    keepsQuiet: [
      {
        what: 'another attribute',
        old: { nodeAttrs: [{ target: ['*'], attr: ['nextdns:abc'] }] },
        next: { nodeAttrs: [{ target: ['*'], attr: ['mullvad', 'nextdns:abc'] }] },
      },
    ],
  },
  'TESTS-REMOVED': {
    fires: [
      {
        what: 'no test is left',
        old: { tests: [{ src: 'a@example.com', accept: ['tag:web:443'] }] },
        next: { tests: [] },
      },
    ],
    keepsQuiet: [
      {
        what: 'one is left',
        old: {
          tests: [
            { src: 'a@example.com', accept: ['tag:web:443'] },
            { src: 'b@example.com', accept: ['tag:web:443'] },
          ],
        },
        next: { tests: [{ src: 'a@example.com', accept: ['tag:web:443'] }] },
      },
    ],
  },
  'TESTS-LOOSENED': {
    fires: [
      {
        what: 'a denial less',
        old: { tests: [{ src: 'a@example.com', deny: ['tag:prod:22', 'tag:prod:80'] }] },
        next: { tests: [{ src: 'a@example.com', deny: ['tag:prod:80'] }] },
      },
    ],
    keepsQuiet: [
      {
        what: 'the denial moved to another test',
        old: { tests: [{ src: 'a@example.com', accept: ['tag:web:443'], deny: ['tag:prod:22'] }] },
        next: {
          tests: [
            { src: 'a@example.com', deny: ['tag:prod:22'] },
            { src: 'a@example.com', accept: ['tag:web:443'] },
          ],
        },
      },
      {
        what: 'an expected access less',
        old: { tests: [{ src: 'a@example.com', accept: ['tag:web:443'], deny: ['tag:prod:22'] }] },
        next: { tests: [{ src: 'a@example.com', deny: ['tag:prod:22'] }] },
      },
      {
        what: 'the tag is gone',
        old: {
          tagOwners: { 'tag:prod': [], 'tag:a': [] },
          tests: [{ src: 'a@example.com', deny: ['tag:prod:22', 'tag:a:22'] }],
        },
        next: { tagOwners: { 'tag:a': [] }, tests: [{ src: 'a@example.com', deny: ['tag:a:22'] }] },
      },
    ],
  },
  'DERP-CHANGED': {
    fires: [{ what: 'a region', old: {}, next: { derpMap: { Regions: { 900: { RegionID: 900 } } } } }],
    keepsQuiet: [
      {
        what: 'keys in another order',
        old: { derpMap: { OmitDefaultRegions: true, Regions: {} } },
        next: { derpMap: { Regions: {}, OmitDefaultRegions: true } },
      },
    ],
  },
  'DUP-KEY': {
    fires: [
      {
        what: 'a group twice',
        old: '{"groups": {}}',
        next: '{"groups": {\n"group:a": [],\n"group:a": ["x@example.com"]}}',
      },
      { what: 'a section in two spellings', old: '{}', next: '{"acls": [], "ACLs": []}' },
    ],
    keepsQuiet: [
      { what: 'the same key in two places', old: '{}', next: '{"groups": {"x": []}, "hosts": {"x": "10.0.0.1"}}' },
    ],
  },
  'PARSE-ERROR': {
    fires: [{ what: 'a bracket is missing', old: '{"acls": []}', next: '{"acls": [}' }],
    keepsQuiet: [{ what: 'comments and trailing commas', old: '{"acls": []}', next: '// x\n{"acls": [],}' }],
  },
  'POLICY-EMPTIED': {
    fires: [
      { what: 'an empty object', old: acls(web), next: {} },
      { what: 'no text', old: '{"acls": []}', next: '' },
    ],
    keepsQuiet: [{ what: 'a first write', old: '', next: acls(web) }],
  },
  'UNKNOWN-KEY': {
    fires: [{ what: 'a section', old: {}, next: { somethingNew: true } }],
    keepsQuiet: [{ what: 'a known one in another spelling', old: {}, next: { RandomizeClientPort: true } }],
  },
};
