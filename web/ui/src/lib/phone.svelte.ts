// The phone in this browser: Twilio's own voice SDK, unmodified, speaking with kaden and with nobody else.
//
// It goes on while the console shows other pages, until somebody goes off duty or leaves. The SDK is loaded on demand.
import type { Call, Device } from '@twilio/voice-sdk';
import bundle from '../../node_modules/@twilio/voice-sdk/dist/twilio.min.js?url';
import { post, Refused } from './ask';
import { trouble, type Trouble } from './trouble';
import type { PhoneToken } from './types';

type SDK = { Device: new (token: string, options: Record<string, unknown>) => Device };

/** off · starting · on duty · on duty and not connected at the moment */
export type Duty = 'off' | 'starting' | 'on' | 'lost';
export type Stage = 'none' | 'ringing' | 'talking' | 'broken';

const sound = (name: string) => `/phone/sounds/${name}.wav`;
const sounds = {
  incoming: sound('ring'),
  outgoing: sound('none'),
  disconnect: sound('none'),
  ...Object.fromEntries([...'0123456789sh'].map((k) => ['dtmf' + k, sound(k)])),
};

let loading: Promise<SDK> | undefined;

/** Loads the SDK's own file. It knows wss alone; a console that came over http speaks with it without TLS. */
function load(): Promise<SDK> {
  loading ??= new Promise<SDK>((done, failed) => {
    if (location.protocol === 'http:') {
      const Plain = window.WebSocket;
      window.WebSocket = class extends Plain {
        constructor(url: string | URL, protocols?: string | string[]) {
          super(String(url).replace(/^wss:/, 'ws:'), protocols);
        }
      };
    }
    const script = document.createElement('script');
    script.src = bundle;
    script.onload = () => done((window as unknown as { Twilio: SDK }).Twilio);
    script.onerror = () => {
      loading = undefined;
      failed(new Refused(0, ''));
    };
    document.head.append(script);
  });
  return loading;
}

class Phone {
  duty = $state<Duty>('off');
  stage = $state<Stage>('none');
  trouble = $state.raw<Trouble | undefined>();
  /** Under which address this browser rings, and whether any plan knows it. */
  identity = $state('');
  listed = $state(true);
  from = $state('');
  since = $state(0);
  muted = $state(false);
  /** How loud it is, 0 to 1: from here, and from there. */
  mine = $state(0);
  theirs = $state(0);
  pressed = $state('');
  inputs = $state.raw<MediaDeviceInfo[]>([]);
  outputs = $state.raw<MediaDeviceInfo[]>([]);
  input = $state('default');
  output = $state('default');
  testing = $state(false);

  private person = '';
  private device: Device | undefined;
  private call: Call | undefined;
  private stopTest: (() => void) | undefined;

  /** Goes on duty: asks for the microphone, and for the ringtone's permission by being a press of a button. */
  async begin(person: string) {
    this.duty = 'starting';
    this.trouble = undefined;
    this.person = person;
    try {
      if (!navigator.mediaDevices) throw new DOMException('', 'SecurityError'); // neither https nor localhost
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      stream.getTracks().forEach((t) => t.stop());
      const { Device } = await load();
      const token = await this.token();
      const device = new Device(token, {
        chunderw: location.host, publishEvents: false, sounds, closeProtection: true, allowIncomingWhileBusy: true,
        enableImprovedSignalingErrorPrecision: true, tokenRefreshMs: 120_000, logLevel: 'silent',
      });
      this.device = device;
      this.follow(device);
      await device.register();
      this.duty = 'on';
      void this.list();
      if ('Notification' in window && Notification.permission === 'default') void Notification.requestPermission();
    } catch (err) {
      this.trouble = trouble(err);
      this.end();
    }
  }

  /** Goes off duty. A call in progress ends. */
  end() {
    this.stopTest?.();
    this.device?.destroy();
    this.device = undefined;
    this.over();
    this.duty = 'off';
  }

  accept() {
    this.call?.accept();
  }

  reject() {
    this.call?.reject();
    this.over();
  }

  hangUp() {
    this.call?.disconnect();
  }

  mute(on: boolean) {
    this.call?.mute(on);
    this.muted = on;
  }

  press(key: string) {
    this.call?.sendDigits(key);
    this.pressed = (this.pressed + key).slice(-12);
  }

  async hear(id: string) {
    this.output = id;
    await Promise.all([this.device?.audio?.speakerDevices.set(id), this.device?.audio?.ringtoneDevices.set(id)]).catch((err: unknown) => (this.trouble = trouble(err)));
  }

  async speak(id: string) {
    this.input = id;
    this.stopTest?.();
    await this.device?.audio?.setInputDevice(id).catch((err: unknown) => (this.trouble = trouble(err)));
  }

  get choosesOutput(): boolean {
    return this.device?.audio?.isOutputSelectionSupported ?? false;
  }

  /** Shows how loud the microphone is, for ten seconds. */
  async test() {
    this.stopTest?.();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: this.input === 'default' ? true : { deviceId: { exact: this.input } } });
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      context.createMediaStreamSource(stream).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      this.testing = true;
      const tick = setInterval(() => {
        analyser.getFloatTimeDomainData(samples);
        this.mine = Math.min(1, 4 * Math.sqrt(samples.reduce((sum, v) => sum + v * v, 0) / samples.length));
      }, 60);
      const stop = () => {
        clearInterval(tick);
        clearTimeout(limit);
        stream.getTracks().forEach((t) => t.stop());
        void context.close();
        this.testing = false;
        this.mine = 0;
        this.stopTest = undefined;
      };
      const limit = setTimeout(stop, 10_000);
      this.stopTest = stop;
    } catch (err) {
      this.trouble = trouble(err);
    }
  }

  private async token(): Promise<string> {
    const t = await post<PhoneToken>('/api/phone', { person: this.person });
    this.identity = t.identity;
    this.listed = t.listed;
    return t.token;
  }

  private follow(device: Device) {
    device.on('registered', () => {
      this.duty = 'on';
      if (this.trouble?.kind === 'lost') this.trouble = undefined;
    });
    device.on('unregistered', () => {
      if (this.device === device && this.duty === 'on') this.duty = 'lost';
    });
    device.on('error', (err: unknown) => {
      if (this.device !== device || this.duty === 'starting') return;
      this.trouble = trouble(err);
    });
    device.on('tokenWillExpire', () => void this.renew(device));
    device.on('incoming', (call: Call) => this.rings(call));
    device.audio?.on('deviceChange', () => void this.list());
  }

  private async renew(device: Device) {
    try {
      device.updateToken(await this.token());
    } catch (err) {
      this.trouble = trouble(err); // two minutes are left; the SDK's next error, if any, says more
      setTimeout(() => this.device === device && void this.renew(device), 15_000);
    }
  }

  private rings(call: Call) {
    if (this.call && this.call.status() !== 'closed') return; // this person is talking; another way, or another person, is rung
    this.stopTest?.();
    this.call = call;
    this.stage = 'ringing';
    this.trouble = undefined;
    this.from = call.parameters.From ?? '';
    this.pressed = '';
    const mine = () => this.call === call;
    const over = () => mine() && this.over();
    call.on('accept', () => {
      if (!mine()) return;
      this.stage = 'talking';
      this.since = Date.now();
      this.muted = false;
    });
    for (const end of ['cancel', 'disconnect', 'reject']) call.on(end, over);
    call.on('volume', (input: number, output: number) => {
      if (mine()) [this.mine, this.theirs] = [input, output];
    });
    call.on('reconnecting', () => mine() && (this.stage = 'broken'));
    call.on('reconnected', () => mine() && (this.stage = 'talking'));
    call.on('error', (err: unknown) => {
      if (mine()) this.trouble = trouble(err);
    });
    // When its socket is cut, a call that rings is forgotten by the SDK without an event of its own; kaden rings again.
    (call as unknown as { on(kind: string, f: () => void): void }).on('transportClose', () => mine() && this.stage === 'ringing' && this.over());
    if (document.hidden && 'Notification' in window && Notification.permission === 'granted') {
      const n = new Notification('kaden ☎', { body: this.from, tag: 'kaden-call', requireInteraction: true });
      n.onclick = () => window.focus();
      for (const end of ['accept', 'cancel', 'disconnect', 'reject']) call.on(end, () => n.close());
    }
  }

  private over() {
    this.call = undefined;
    this.stage = 'none';
    this.muted = false;
    this.mine = this.theirs = 0;
  }

  private async list() {
    const all = await navigator.mediaDevices.enumerateDevices();
    this.inputs = all.filter((d) => d.kind === 'audioinput');
    this.outputs = all.filter((d) => d.kind === 'audiooutput');
  }
}

export const phone = new Phone();
