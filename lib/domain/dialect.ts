export { DIALECTS, type Dialect } from '../contract/dialects';
