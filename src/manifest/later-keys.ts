/**
 * Keys of Kontena's and Compose's files that mean something, but nothing here yet. They are told apart from misspelt keys,
 * and never ignored: what a file asks for either happens or is a problem.
 */

const kontenaService = [
  'build',
  'certificates',
  'dockerfile',
  'hooks',
  'only_if',
  'secrets',
  'skip_if',
  'volumes_from',
];

const composeService = ['configs', 'post_start', 'pre_stop', 'profiles'];

export const laterServiceKeys = [...kontenaService, ...composeService];

export const laterStackKeys = [
  'configs',
  'data',
  'depends',
  'errors',
  'include',
  'models',
  'name',
  'registry',
  'secrets',
];

export const laterVolumeKeys = ['labels', 'name', 'only_if', 'skip_if'];

export const laterVariableKeys = [
  'as',
  'blank_is',
  'can_be_other',
  'capitalize',
  'chomp',
  'count',
  'compact',
  'decode_64',
  'downcase',
  'echo',
  'encode_64',
  'false',
  'hexdigest',
  'in',
  'join',
  'nil_is',
  'nil_is_zero',
  'only_if',
  'schemes',
  'skip_if',
  'sort',
  'split',
  'strip',
  'to',
  'transform',
  'true',
  'truthy',
  'uniq',
  'upcase',
  'validate',
  'variables',
];

export const laterGridKeys = ['logs', 'stats'];

export const laterGridDeployKeys = ['on_failure', 'windows'];
