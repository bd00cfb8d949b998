import { DEVICE_FINDINGS } from '../../../../lib/policy/findings/devices';
import { testFindings } from './examples';

const attributes = (attr: string[], ...target: string[]) => ({ nodeAttrs: [{ target, attr }] });
const connector = (name: string) => ({
  nodeAttrs: [
    {
      target: ['*'],
      app: { 'tailscale.com/app-connectors': [{ name, connectors: ['tag:c'], domains: ['example.com'] }] },
    },
  ],
});

testFindings(DEVICE_FINDINGS, {
  'FUNNEL-ADDED': {
    reported: [
      ['a tag', {}, attributes(['funnel'], 'tag:web')],
      ['members', attributes(['funnel'], 'tag:web'), attributes(['funnel'], 'autogroup:member', 'tag:web')],
    ],
    notReported: [['fewer devices', attributes(['funnel'], '*'), attributes(['funnel', 'mullvad'], 'tag:web')]],
  },
  'APPCONN-CHANGED': {
    reported: [['a domain', {}, connector('x')]],
    notReported: [['another name', connector('x'), connector('y')]],
  },
  'NODEATTR-DNS': {
    reported: [
      ['another resolver', attributes(['nextdns:abc'], '*'), attributes(['nextdns:xyz'], '*')],
      ['a record', {}, { extraDNSRecords: [{ Name: 'a.example.com', Type: 'A', Value: '100.64.0.1' }] }],
    ],
    notReported: [['another attribute', attributes(['nextdns:abc'], '*'), attributes(['mullvad', 'nextdns:abc'], '*')]],
  },
  'DERP-CHANGED': {
    reported: [['a region', {}, { derpMap: { Regions: { 900: { RegionID: 900 } } } }]],
    notReported: [
      [
        'keys in another order',
        { derpMap: { OmitDefaultRegions: true, Regions: {} } },
        { derpMap: { Regions: {}, OmitDefaultRegions: true } },
      ],
    ],
  },
});
