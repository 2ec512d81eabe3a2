import Type from 'typebox';
import { deliveryBounds } from '../model/delivery.ts';
import { count, list, nullable, Sha256, text } from './schema-parts.ts';

const FileBundle = Type.Object({
  files: list(
    Type.Object({
      path: text(4_096),
      mode: Type.Integer({ minimum: 0, maximum: 0o777 }),
      content: Sha256,
    }),
    deliveryBounds.files,
  ),
  uid: nullable(count),
  gid: nullable(count),
});

/** Base64 is a third longer than what it stands for. */
const maxContent = 4 * Math.ceil(deliveryBounds.fileBytes / 3);

export const Delivery = Type.Object({
  bundles: Type.Record(Type.String(), FileBundle),
  contents: Type.Record(Type.String(), text(maxContent)),
});
