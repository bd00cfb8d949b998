import type { PublishedId } from '../domain/published-id';

export interface PublishedSet {
  /** `new`: never published. `same`: published with this content. `revised`: published with another content. */
  status(element: PublishedId): 'new' | 'same' | 'revised';
}
