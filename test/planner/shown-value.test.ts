import { describe, expect, it } from 'vitest';
import { shownValue } from '../../src/planner/shown-value.ts';
import { effort } from '../support/effort.ts';

const all = { showValues: true };

describe('a value', () => {
  it.each([
    ['environment.LOG_LEVEL', 'debug'],
    ['environment.AUTHOR', 'Ada'],
    ['environment.GREETING', 'forgot your password?'],
    ['environment.DATABASE', '⟦db-password⟧'],
    ['command', '["serve","--port","80"]'],
    ['volumes./data.volume.name', 'data'],
    ['image', 'shop/web:2'],
  ])('of %s is shown', (key, value) => {
    expect(shownValue(key, value, all)).toBe(value);
  });

  it.each([
    ['environment.DB_PASSWORD', 'x'],
    ['environment.db_passwd', 'x'],
    ['environment.SSHKEY', 'x'],
    ['environment.ENCRYPTION_KEYS', 'x'],
    ['environment."api-key"', 'x'],
    ['environment."com.example.token"', 'x'],
    ['environment.PIN', '1234'],
    ['environment.SLACK_WEBHOOK_URL', 'x'],
    ['environment.SENTRY_DSN', 'x'],
    ['environment.CONNECTION', 'Server=db;User=shop;Password=x'],
    ['environment.CALLBACK', 'https://host/?token=x'],
    ['environment.ANYTHING', 'ghp_0123456789'],
    ['environment.ANYTHING', 'eyJhbGciOiJIUzI1NiJ9.e30.x'],
    ['environment.ANYTHING', '-----BEGIN PRIVATE KEY-----'],
    ['environment.ANYTHING', 'https://hooks.slack.com/services/x'],
    ['labels."traefik.basic-auth"', 'x'],
    ['command', '["serve","--password","x"]'],
    ['entrypoint', '["sh","-c","API_TOKEN=x serve"]'],
    ['logging.options.splunk-token', 'x'],
    ['balancer.statsPassword', 'x'],
    ['balanced.settings.basicAuth', 'x'],
    ['balancer.certificates', 'x'],
    ['hooks.pre-start/migrate.env.DB_PASSWORD', 'x'],
    ['volumes./run/config.text', 'x'],
    ['volumes./etc/shop.files."shop.conf".content', 'a digest'],
    ['volumes./mnt.volume.driver_options.o', 'username=shop,password=x'],
  ])('of %s is hidden', (key, value) => {
    expect(shownValue(key, value, all)).toBe('(hidden)');
  });

  it('has no sign-in in an address, and is one line', () => {
    expect(shownValue('environment.URL', 'amqp://me:it@host/\nx', all)).toBe(
      'amqp://(hidden)@host/ x',
    );
  });

  it('has the name of a secret, before it is cut', () => {
    const long = `${'x'.repeat(495)}⟦secret.db.${'i'.repeat(100)}⟧`;
    expect(shownValue('environment.A', long, all)).toBe(`${'x'.repeat(495)}⟦db⟧`);
  });

  it('of free text is hidden where not everything is for everybody', () => {
    const some = { showValues: false };
    expect(shownValue('environment.LOG_LEVEL', 'debug', some)).toBe('(hidden)');
    expect(shownValue('extras.hostname', 'web', some)).toBe('(hidden)');
    expect(shownValue('image', 'shop/web:2', some)).toBe('shop/web:2');
    expect(shownValue('ports', '80:80', some)).toBe('80:80');
  });

  it('takes no longer for being large', async () => {
    const needed = await effort(() => {
      for (const part of ['password', '//', '⟦', 'key ', 'token=', '"'])
        shownValue('environment.A', part.repeat(200_000), all);
    });
    expect(needed).toBeLessThan(2_000);
  });
});
